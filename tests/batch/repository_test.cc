// SPDX-License-Identifier: Apache-2.0
// The upload of a batch: nothing is there until all of it is.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "server/batch/patience.h"
#include "tests/batch/batch_stack.h"

namespace weir::batch {
namespace {

using testing::BatchStack;

std::shared_ptr<Piece> piece_of(std::int64_t batch, std::int64_t first, int count) {
  auto piece = std::make_shared<Piece>(batch, first);
  const std::string item = v1::BatchItem().SerializeAsString() + std::string("\x12\x00", 2);
  for (int number = 0; number < count; ++number) piece->add("", &item, nullptr);
  return piece;
}

TEST(Upload, IsInvisibleUntilItIsComplete) {
  BatchStack stack;
  const std::int64_t id = stack.run(stack.batches.begin_upload()).value();
  ASSERT_TRUE(stack.run(stack.batches.add(piece_of(id, 0, 3))).ok());
  EXPECT_FALSE(stack.run(stack.batches.find(id)).value().has_value());
  EXPECT_TRUE(absl::IsNotFound(stack.run(stack.batches.cancel(id)).status()));
  EXPECT_TRUE(stack.claim(1).empty());
  EXPECT_EQ(stack.run(stack.batches.complete(id, "", 3))->total, 3);
  EXPECT_EQ(stack.find(id).state, State::kPending);
}

// However the limit of a statement is enforced: by Postgres, or here, as behind pgbouncer.
TEST(Upload, WaitsForATableThatIsLockedForLongerThanAStatementMayTake) {
  for (const bool session_settings : {true, false}) {
    BatchStack stack;
    postgres::Options options = stack.database.options();
    options.session_settings = session_settings;
    options.statement_timeout = std::chrono::milliseconds(50);
    postgres::Pool impatient(options);
    BatchRepository batches(impatient, BatchStack::kChunkItems);
    const std::int64_t id = stack.run(stack.batches.begin_upload()).value();
    postgres::testing::Psql other(options.url);
    other.run("BEGIN; LOCK TABLE batch_items");
    std::thread unlocks([&] {
      EXPECT_TRUE(postgres::testing::eventually([&] { return impatient.stats().jobs > 1; }));
      other.run("COMMIT");
    });
    const auto attempt = [&] { return batches.add(piece_of(id, 0, 3)); };
    const absl::Status added = stack.run(patiently(std::chrono::seconds(20), attempt));
    unlocks.join();
    EXPECT_TRUE(added.ok()) << added;
  }
}

TEST(Upload, MayRepeatEachStep) {
  BatchStack stack;
  const std::int64_t id = stack.run(stack.batches.begin_upload()).value();
  for (int times = 0; times < 2; ++times) {
    ASSERT_TRUE(stack.run(stack.batches.add(piece_of(id, 0, 3))).ok());
    ASSERT_TRUE(stack.run(stack.batches.add(piece_of(id, 3, 9))).ok());
  }
  const Batch first = stack.run(stack.batches.complete(id, "once", 12)).value();
  EXPECT_EQ(stack.run(stack.batches.complete(id, "once", 12)).value(), first);
  EXPECT_EQ(stack.database.psql().value("SELECT count(*) FROM batch_items"), "12");
  EXPECT_EQ(stack.database.psql().value("SELECT count(*) FROM batch_chunks"), "2");
}

TEST(Upload, WhoseRequestIdIsTakenIsTheFirstOne) {
  BatchStack stack;
  const std::int64_t first = stack.run(stack.batches.begin_upload()).value();
  const std::int64_t second = stack.run(stack.batches.begin_upload()).value();
  EXPECT_EQ(stack.run(stack.batches.complete(first, "same", 0))->id, first);
  EXPECT_EQ(stack.run(stack.batches.complete(second, "same", 0))->id, first);
  EXPECT_EQ(stack.run(stack.batches.find_by_request("same")).value()->id, first);
}

TEST(Upload, ThatIsAbandonedIsRemovedAndNotGoneOnWith) {
  BatchStack stack;
  const std::int64_t id = stack.run(stack.batches.begin_upload()).value();
  ASSERT_TRUE(stack.run(stack.batches.add(piece_of(id, 0, 3))).ok());
  ASSERT_TRUE(stack.run(stack.batches.abandon(id)).ok());
  EXPECT_TRUE(absl::IsAborted(stack.run(stack.batches.add(piece_of(id, 3, 3)))));
  EXPECT_TRUE(absl::IsAborted(stack.run(stack.batches.complete(id, "", 6)).status()));
  while (*stack.run(stack.upkeep.step())) {
  }
  EXPECT_EQ(stack.database.psql().value("SELECT count(*) FROM batch_items"), "0");
  EXPECT_EQ(stack.database.psql().value("SELECT count(*) FROM batches"), "0");
}

}  // namespace
}  // namespace weir::batch
