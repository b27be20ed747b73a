// SPDX-License-Identifier: Apache-2.0
// Chunks: who has one, and that what it does happens once.
#include <gtest/gtest.h>

#include <algorithm>

#include "server/postgres/errors.h"
#include "tests/batch/batch_stack.h"

namespace weir::batch {
namespace {

using testing::BatchStack;

TEST(Chunk, IsClaimedByOneOnly) {
  BatchStack stack;
  stack.submit("a", 35);
  const std::vector<Chunk> first = stack.claim(3);
  const std::vector<Chunk> second = stack.claim(3);
  EXPECT_EQ(first.size(), 3);
  EXPECT_EQ(second.size(), 1);
  EXPECT_EQ(second.at(0).end - second.at(0).first, 5);
  EXPECT_TRUE(stack.claim(3).empty());
}

TEST(Chunk, OfASmallBatchComesBeforeTheEndOfALargeOne) {
  BatchStack stack;
  stack.submit("large", 1000);
  const Batch small = stack.submit("small", 10);
  const std::vector<Chunk> next = stack.claim(60);
  EXPECT_TRUE(std::any_of(next.begin(), next.end(),
                          [&](const Chunk& chunk) { return chunk.batch == small.id; }));
}

TEST(Chunk, ThatIsDoneHasDoneEachItemOnce) {
  BatchStack stack;
  const Batch batch = stack.submit("a", 20);
  for (const Chunk& chunk : stack.claim(2)) {
    const auto ran = stack.run_chunk(chunk, Mode::kTogether);
    ASSERT_TRUE(ran.ok()) << ran.status();
    EXPECT_TRUE(ran->was_ours && ran->is_done);
    EXPECT_EQ(ran->effects.written.size(), 10);
    // Again, as after a commit whose answer was lost: it is not ours any more.
    EXPECT_FALSE(stack.run_chunk(chunk, Mode::kTogether)->was_ours);
    EXPECT_TRUE(stack.run(stack.chunks.settle(batch.id)).ok());
  }
  EXPECT_EQ(stack.users(), "20");
  EXPECT_EQ(stack.find(batch.id).state, State::kSucceeded);
  EXPECT_EQ(stack.run(stack.batches.results_after(batch.id, -1, 100))->size(), 20);
}

// A trigger that runs at COMMIT ends the connection there.
TEST(Chunk, WhoseCommitIsInDoubtSaysWhatItMayHaveChanged) {
  BatchStack stack;
  stack.submit("a", 5);
  stack.database.psql().run(
      "CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';"
      "CREATE CONSTRAINT TRIGGER leaving AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION leave()");
  const auto ran = stack.run_chunk(stack.claim(1).at(0), Mode::kTogether);
  EXPECT_TRUE(postgres::is_in_doubt(ran.status())) << ran.status();
  EXPECT_EQ(stack.in_doubt.written.size(), 5);
}

TEST(Chunk, IsLeftAloneByWhoseLeaseIsNotTheLast) {
  BatchStack stack;
  stack.submit("a", 5);
  const Chunk lost = stack.claim(1).at(0);
  ASSERT_TRUE(stack.run(stack.chunks.give_back(lost, Duration::zero())).ok());
  const Chunk taken = stack.claim(1).at(0);
  EXPECT_NE(taken.lease, lost.lease);
  EXPECT_FALSE(stack.run_chunk(lost, Mode::kTogether)->was_ours);
  EXPECT_EQ(stack.users(), "0");
  EXPECT_TRUE(stack.run(stack.chunks.give_back(lost, Duration::zero())).ok());
  EXPECT_TRUE(stack.claim(1).empty());  // it is still with the other
  EXPECT_TRUE(stack.run_chunk(taken, Mode::kApart)->is_done);
}

TEST(Chunk, WhoseItemsFailFailsThemAlone) {
  for (const Mode mode : {Mode::kTogether, Mode::kApart}) {
    BatchStack stack;
    stack.database.psql().run("INSERT INTO users (name, email) VALUES ('x', 'a3@example.com')");
    const Batch batch = stack.submit("a", 10);
    const auto ran = stack.run_chunk(stack.claim(1).at(0), mode);
    ASSERT_TRUE(ran.ok()) << ran.status();
    EXPECT_TRUE(ran->is_done);
    ASSERT_TRUE(stack.run(stack.chunks.settle(batch.id)).ok());
    const Batch ended = stack.find(batch.id);
    EXPECT_EQ(ended.state, State::kPartiallyFailed);
    EXPECT_EQ(ended.succeeded, 9);
    EXPECT_EQ(ended.failed, 1);
  }
}

TEST(Chunk, LeavesAnItemThatMeetsALockForLater) {
  BatchStack stack;
  const Batch batch = stack.submit("a", 10);
  postgres::testing::Psql other(stack.database.options().url);
  other.run("BEGIN");
  other.run("INSERT INTO users (name, email) VALUES ('x', 'a3@example.com')");
  const Chunk chunk = stack.claim(1).at(0);
  const auto together = stack.run_chunk(chunk, Mode::kTogether);
  EXPECT_TRUE(absl::IsAborted(together.status())) << together.status();
  const auto apart = stack.run_chunk(chunk, Mode::kApart);
  ASSERT_TRUE(apart.ok()) << apart.status();
  EXPECT_FALSE(apart->is_done);
  EXPECT_EQ(stack.find(batch.id).succeeded, 9);
  other.run("ROLLBACK");
  ASSERT_TRUE(postgres::testing::eventually([&] {
    const std::vector<Chunk> again = stack.claim(1);
    return !again.empty() && stack.run_chunk(again[0], Mode::kTogether)->is_done;
  }));
  EXPECT_EQ(stack.users(), "10");
}

TEST(Chunk, OfACancelledBatchIsNobodysAnyMore) {
  BatchStack stack;
  const Batch batch = stack.submit("a", 20);
  const Chunk done = stack.claim(1).at(0);
  const Chunk stopped = stack.claim(1).at(0);
  ASSERT_TRUE(stack.run_chunk(done, Mode::kTogether)->is_done);
  const Batch cancelled = stack.run(stack.batches.cancel(batch.id)).value();
  EXPECT_EQ(cancelled.state, State::kCancelled);
  EXPECT_EQ(cancelled.succeeded, 10);
  EXPECT_FALSE(stack.run_chunk(stopped, Mode::kTogether)->was_ours);
  EXPECT_EQ(stack.users(), "10");
  const auto results = stack.run(stack.batches.results_after(batch.id, -1, 100)).value();
  ASSERT_EQ(results.size(), 20);
  EXPECT_FALSE(results[9].result.empty());
  EXPECT_TRUE(results[10].result.empty());
}

TEST(Upkeep, SettlesWhatAKilledReplicaCouldNot) {
  BatchStack stack;
  const Batch batch = stack.submit("a", 5);
  ASSERT_TRUE(stack.run_chunk(stack.claim(1).at(0), Mode::kTogether)->is_done);
  EXPECT_EQ(stack.find(batch.id).state, State::kRunning);
  EXPECT_TRUE(stack.run(stack.upkeep.step()).ok());
  EXPECT_EQ(stack.find(batch.id).state, State::kSucceeded);
}

}  // namespace
}  // namespace weir::batch
