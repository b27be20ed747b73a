// SPDX-License-Identifier: Apache-2.0
#pragma once

// BatchStack: batches on a fresh database, without an executor: a test claims and runs chunks as it
// likes.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "async/thread_loop.h"
#include "server/batch/batch_repository.h"
#include "server/batch/chunk_repository.h"
#include "server/batch/upkeep.h"
#include "tests/users/user_stack.h"

namespace weir::batch::testing {

class BatchStack {
 public:
  static constexpr std::int64_t kChunkItems = 10;

  template <class T>
  T run(Task<T> task) {
    return loop_.run(std::move(task));
  }

  // A batch of creations; the address of each begins with `tag` and its number.
  Batch submit(const std::string& tag, int count) {
    const std::int64_t id = run(batches.begin_upload()).value();
    auto piece = std::make_shared<Piece>(id, 0);
    for (int number = 0; number < count; ++number) {
      v1::BatchItem item;
      item.mutable_create()->set_name("Ada");
      item.mutable_create()->set_email(absl::StrCat(tag, number, "@example.com"));
      const std::string bytes = item.SerializeAsString();
      piece->add(absl::StrCat(number), &bytes, nullptr);
    }
    EXPECT_TRUE(run(batches.add(piece)).ok());
    return run(batches.complete(id, "", count)).value();
  }
  std::vector<Chunk> claim(int limit) { return run(chunks.claim(limit)).value(); }
  absl::StatusOr<ChunkRepository::Ran> run_chunk(const Chunk& chunk, Mode mode) {
    return run(chunks.run(chunk, mode, in_doubt));
  }
  Batch find(std::int64_t id) { return run(batches.find(id)).value().value(); }
  std::string users() { return database.psql().value("SELECT count(*) FROM users"); }

  users::testing::UserDatabase database;
  postgres::Pool pool{database.options()};
  BatchRepository batches{pool, kChunkItems};
  ChunkRepository chunks{pool, std::chrono::seconds(60)};
  Upkeep upkeep{pool, std::chrono::hours(1)};
  Effects in_doubt;

 private:
  ThreadLoop loop_;
};

}  // namespace weir::batch::testing
