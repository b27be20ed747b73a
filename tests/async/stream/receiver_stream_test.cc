// SPDX-License-Identifier: Apache-2.0
#include "async/stream/receiver_stream.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "async/stream/collect.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

// A receiver as channels make them: one number a second, then ABORTED; a cancelled recv loses
// nothing.
class Numbers {
 public:
  explicit Numbers(int last) : last_(last) {}
  Task<absl::StatusOr<std::unique_ptr<int>>> recv() {
    if (sent_ == last_) co_return absl::AbortedError("every sender is gone");
    co_await or_return(co_await sleep(1s));
    co_return std::make_unique<int>(++sent_);
  }

 private:
  int last_;
  int sent_ = 0;
};

class Countdown {
 public:
  explicit Countdown(int from) : left_(from) {}
  Task<std::optional<int>> recv() {
    if (left_ == 0) co_return std::nullopt;
    co_return left_--;
  }

 private:
  int left_;
};

ASYNC_TEST(ReceiverStream, EndsWhereTheChannelDoes) {
  const auto numbers = co_await try_collect(receiver_stream(Numbers(3)));
  CO_ASSERT_OK(numbers);
  EXPECT_EQ(numbers->size(), 3U);
  const std::vector<int> plain = co_await collect(receiver_stream(Countdown(3)));
  EXPECT_EQ(plain, (std::vector<int>{3, 2, 1}));
}

ASYNC_TEST(ReceiverStream, LosesNothingToACancelledNext) {
  auto stream = receiver_stream(Numbers(3));
  std::vector<int> got;
  int given_up = 0;
  for (;;) {
    const bool is_impatient = got.size() == 1 && given_up < 3;
    const Duration patience = is_impatient ? Duration(1ms) : Duration(2s);
    const auto read = co_await timeout(patience, try_next(stream));
    if (absl::IsDeadlineExceeded(read.status())) {
      ++given_up;
      continue;
    }
    CO_ASSERT_OK(read);
    if (!read->has_value()) break;
    got.push_back(***read);
  }
  EXPECT_EQ(given_up, 3);
  EXPECT_EQ(got, (std::vector<int>{1, 2, 3}));
}

// One that only looks for the end finds it.
ASYNC_TEST(ReceiverStream, EndsForAReaderThatIsToldToStop) {
  auto body = []() -> Task<absl::Status> {
    const auto all = co_await collect(receiver_stream(Numbers(1000)));
    co_return all.back().status();
  };
  EXPECT_TRUE(absl::IsDeadlineExceeded(co_await timeout(2500ms, body())));
}

}  // namespace
}  // namespace weir
