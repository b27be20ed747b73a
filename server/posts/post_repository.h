// SPDX-License-Identifier: Apache-2.0
#pragma once

// PostRepository: posts in Postgres. All SQL about posts is here.
//
// Errors are those of the domain where they have a meaning there, else the pool's. UNAVAILABLE with
// the reason OUTCOME_UNKNOWN: the connection was lost in COMMIT.
// Thread: any. The pool must outlive it, and it its awaits.

#include <cstdint>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "async/task.h"
#include "server/postgres/loader.h"
#include "server/postgres/pool.h"
#include "server/posts/post.h"

namespace weir::posts {

class PostRepository {
 public:
  explicit PostRepository(postgres::Pool& pool);

  // NOT_FOUND if there is no such user.
  Task<absl::StatusOr<Post>> create(NewPost post);
  // NOT_FOUND if there is no such post.
  Task<absl::Status> remove(std::int64_t id);

  // Those with an id below `id`, newest first.
  Task<absl::StatusOr<std::vector<Post>>> list_before(std::int64_t user_id, std::int64_t id,
                                                      std::int64_t limit);
  // The newest, newest first. Concurrent calls become one query, see postgres/loader.h, each with
  // its own limit.
  Task<absl::StatusOr<std::vector<Post>>> newest(std::int64_t user_id, std::int64_t limit);

 private:
  using UserAndLimit = std::tuple<std::int64_t, std::int64_t>;

  postgres::Pool& pool_;
  postgres::Loader<UserAndLimit, std::vector<Post>> newest_;
};

}  // namespace weir::posts
