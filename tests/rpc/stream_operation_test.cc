// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/stream_operation.h"

#include <utility>

#include "async/join.h"
#include "async/mpsc.h"
#include "async/or_return.h"
#include "async/select.h"
#include "async/sleep.h"
#include "async/testing/async_test.h"

namespace weir::rpc::detail {
namespace {

constexpr std::uint64_t kSeeds = 20;

// As a stream's reader.
class Messages {
 public:
  Task<absl::StatusOr<int>> read() {
    if (!is_reading_) {
      is_reading_ = true;
      operation_.start([&](void* tag) { tag_ = static_cast<Tag*>(tag); });
    }
    co_await or_return(co_await operation_.ended());
    is_reading_ = false;
    co_return std::exchange(message_, 0);
  }
  void comes(int message) {
    message_ = message;
    tag_->complete(true);
  }

 private:
  StreamOperation operation_{"read"};
  bool is_reading_ = false;
  int message_ = 0;
  Tag* tag_ = nullptr;
};

ASYNC_TEST_UNDER_SEEDS(StreamOperation, AMessageWhoseReadLostASelectIsTheNextOne, kSeeds) {
  Messages messages;
  auto [sender, receiver] = mpsc::unbounded_channel<int>();
  const auto receive = [&]() -> Task<absl::StatusOr<int>> { co_return co_await receiver.recv(); };
  const auto both_come = [&]() -> Task<void> {
    (void)co_await sleep(Duration::zero());
    EXPECT_TRUE(sender.send(1).ok());
    messages.comes(42);
  };
  const auto select_one = [&]() -> Task<void> {
    const auto first = co_await select(messages.read(), receive());
    const absl::StatusOr<int> message =
        first.index() == 0 ? std::get<0>(first) : co_await messages.read();
    EXPECT_EQ(message.value(), 42);
  };
  (void)co_await join(select_one(), both_come());
}

}  // namespace
}  // namespace weir::rpc::detail
