// SPDX-License-Identifier: Apache-2.0
#include "server/batch/upload.h"

#include <gtest/gtest.h>

#include "async/blocking_pool.h"
#include "async/or_return.h"
#include "async/sleep.h"
#include "tests/batch/batch_stack.h"

namespace weir::batch {
namespace {

using testing::BatchStack;

constexpr int kItems = 1000;

// All of one message: no read between them.
Task<absl::StatusOr<std::int64_t>> add_all(Upload& upload, TaskScope& scope, bool& is_over) {
  for (int i = 0; i < kItems; ++i) {
    v1::BatchItem item;  // without an op, so it costs no hash
    co_await or_return(upload.add(item, scope));
  }
  is_over = true;
  co_return co_await upload.finish(scope);
}

Task<absl::Status> count_turns(const bool& is_over, int& turns) {
  while (!is_over) {
    co_await or_return(co_await sleep(Duration::zero()));
    ++turns;
  }
  co_return absl::OkStatus();
}

TEST(UploadOfOneMessage, LetsOthersRunMeanwhile) {
  BatchStack stack;
  BlockingPool hashing{"argon2", 1, 1};
  users::Passwords passwords(hashing);
  Upload upload(stack.batches, passwords, stack.run(stack.batches.begin_upload()).value());
  int turns = 0;
  bool is_over = false;
  const auto both = [&](TaskScope& scope) -> Task<absl::StatusOr<std::int64_t>> {
    scope.spawn(count_turns(is_over, turns));
    return add_all(upload, scope, is_over);
  };
  EXPECT_EQ(stack.run(with_scope(both)).value(), kItems);
  EXPECT_GE(turns, kItems / 64);
}

}  // namespace
}  // namespace weir::batch
