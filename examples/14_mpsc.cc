// SPDX-License-Identifier: Apache-2.0
// Many producers, one consumer, and a bound between them that holds the producers back.
// Tokio: tokio::sync::mpsc.
#include <algorithm>
#include <cstddef>
#include <ostream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "async/join.h"
#include "async/mpsc.h"
#include "async/or_return.h"
#include "async/sleep.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

// [mpsc]
Task<absl::Status> produce(mpsc::Sender<std::string> sender, std::string name, int count) {
  for (int n = 1; n <= count; ++n) {
    // Waits while the channel is full. Fails if nobody will receive it: then stop producing.
    co_await or_return(co_await sender.send(absl::StrCat(name, " ", n)));
  }
  co_return absl::OkStatus();
}  // the sender goes, and with the last of them the channel ends

Task<int> consume(mpsc::Receiver<std::string> receiver, std::size_t& most) {
  int received = 0;
  for (;;) {
    const absl::StatusOr<std::string> item = co_await receiver.recv();
    if (!item.ok()) co_return received;  // ABORTED: it is empty and every sender is gone
    ++received;
    (void)co_await sleep(1ms);
    most = std::max(most, receiver.size());
  }
}
// [mpsc]

// The consumer leaves first: the producers are told by their next send.
Task<void> take_one(mpsc::Receiver<std::string> receiver) { (void)co_await receiver.recv(); }

}  // namespace

Task<void> example_14_mpsc(std::ostream& out) {
  auto [sender, receiver] = mpsc::channel<std::string>(2);
  mpsc::Sender<std::string> other = sender;
  std::size_t most = 0;
  const auto [first, second, received] =
      co_await join(produce(std::move(sender), "first", 10),
                    produce(std::move(other), "second", 10), consume(std::move(receiver), most));
  out << "received " << received << ", never more than " << most << " waiting\n";

  auto [lonely, leaves] = mpsc::channel<std::string>(1);
  const auto [sent, left] =
      co_await join(produce(std::move(lonely), "lonely", 10), take_one(std::move(leaves)));
  out << "to nobody: " << absl::StatusCodeToString(sent.code()) << "\n";
}

}  // namespace weir::examples

// Output:
// received 20, never more than 2 waiting
// to nobody: FAILED_PRECONDITION
