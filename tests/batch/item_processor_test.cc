// SPDX-License-Identifier: Apache-2.0
#include "server/batch/item_processor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "async/join.h"
#include "async/sleep.h"
#include "async/testing/async_test.h"
#include "async/timeout.h"
#include "rpc/encoded.h"

namespace weir::batch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Items final : public ItemProcessor::Items {
 public:
  explicit Items(int count) : count_(count) {}
  Task<absl::StatusOr<std::optional<v1::BatchItem>>> read() override {
    if (read_ == count_) co_return std::nullopt;
    v1::BatchItem item;
    item.set_item_id(absl::StrCat(read_++));
    co_return std::optional<v1::BatchItem>(std::move(item));
  }
  int read_so_far() const { return read_; }

 private:
  const int count_;
  int read_ = 0;
};

// Each write takes a while; two at once are a failure.
class SlowResults final : public ItemProcessor::Results {
 public:
  explicit SlowResults(Duration each) : each_(each) {}
  Task<absl::Status> write(const v1::BatchResult& result) override {
    EXPECT_FALSE(std::exchange(is_writing_, true));
    absl::Status status = co_await sleep(each_);
    is_writing_ = false;
    if (status.ok()) ids_.insert(result.item_id());
    co_return status;
  }
  Task<absl::Status> write(const rpc::Encoded<v1::BatchResult>&) override {
    co_return absl::UnimplementedError("");
  }
  Task<absl::Status> begin() override { co_return absl::OkStatus(); }
  const std::set<std::string>& ids() const { return ids_; }

 private:
  const Duration each_;
  bool is_writing_ = false;
  std::set<std::string> ids_;
};

// Counts how many items are in progress at once.
struct Workshop {
  int now = 0;
  int most = 0;
  Duration each = milliseconds(10);

  ItemProcessor::Work work() {
    return [this](const v1::BatchItem& item) { return one(item); };
  }
  Task<v1::BatchResult> one(const v1::BatchItem& item) {
    most = std::max(most, ++now);
    (void)co_await sleep(each);
    --now;
    v1::BatchResult result;
    result.set_item_id(item.item_id());
    co_return result;
  }
};

ASYNC_TEST(ItemProcessor, AnswersEveryItemWithinItsLimit) {
  Workshop workshop;
  ItemProcessor processor(workshop.work(), {.in_call = 4, .in_server = 100});
  Items items(50);
  SlowResults results{Duration::zero()};
  CO_ASSERT_OK(co_await processor.process(items, results));
  EXPECT_EQ(results.ids().size(), 50);
  EXPECT_EQ(workshop.most, 4);
}

ASYNC_TEST(ItemProcessor, ReadsNoMoreThanItsCallerTakes) {
  Workshop workshop;
  workshop.each = Duration::zero();
  ItemProcessor processor(workshop.work(), {.in_call = 4, .in_server = 100});
  Items items(1000);
  SlowResults results(seconds(1));
  const absl::Status ended =
      co_await timeout(milliseconds(9500), processor.process(items, results));
  EXPECT_TRUE(absl::IsDeadlineExceeded(ended)) << ended;
  EXPECT_EQ(results.ids().size(), 9);
  EXPECT_LE(items.read_so_far(), 9 + 4);
}

ASYNC_TEST(ItemProcessor, SharesTheServersLimitAmongItsCalls) {
  Workshop workshop;
  ItemProcessor processor(workshop.work(), {.in_call = 8, .in_server = 10});
  Items first_items(40);
  Items second_items(40);
  SlowResults first{Duration::zero()};
  SlowResults second{Duration::zero()};
  const auto ended =
      co_await join(processor.process(first_items, first), processor.process(second_items, second));
  CO_ASSERT_OK(std::get<0>(ended));
  CO_ASSERT_OK(std::get<1>(ended));
  EXPECT_EQ(first.ids().size() + second.ids().size(), 80);
  EXPECT_EQ(workshop.most, 10);
}

ASYNC_TEST(ItemProcessor, WritesNothingOnceItIsCancelled) {
  Workshop workshop;
  workshop.each = seconds(10);  // ends at once when it is cancelled, with a result that is not true
  ItemProcessor processor(workshop.work(), {.in_call = 4, .in_server = 100});
  Items items(100);
  SlowResults results{Duration::zero()};
  const absl::Status ended = co_await timeout(seconds(1), processor.process(items, results));
  EXPECT_TRUE(absl::IsDeadlineExceeded(ended)) << ended;
  EXPECT_TRUE(results.ids().empty());
  EXPECT_EQ(workshop.now, 0);
}

}  // namespace
}  // namespace weir::batch
