// SPDX-License-Identifier: Apache-2.0
#include "server/posts/post_repository.h"

#include <algorithm>
#include <utility>

#include "server/api/errors.h"
#include "server/postgres/errors.h"
#include "server/users/errors.h"

namespace weir::posts {
namespace {

using postgres::Row;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

constexpr api::Kind kKind{"weir.posts.v1.Post", "post", "posts"};

// What to_post reads; the user's id its caller knows. date_part is a double, which holds
// microseconds exactly for centuries, and costs less than extract, which is a numeric.
#define WEIR_POST_COLUMNS \
  "id, title, body, (date_part('epoch', create_time) * 1000000)::bigint AS create_us"

Post to_post(const Row& row, std::int64_t user_id, int first_column = 0) {
  Post post;
  post.id = row.int64(first_column);
  post.user_id = user_id;
  post.title = row.string(first_column + 1);
  post.body = row.string(first_column + 2);
  post.create_time = row.time(first_column + 3);
  return post;
}

constexpr Statement kInsert{"insert_post",
                            "INSERT INTO posts (user_id, title, body) VALUES ($1, $2, $3) "
                            "RETURNING " WEIR_POST_COLUMNS};

constexpr Statement kDelete{"delete_post", "DELETE FROM posts WHERE id = $1"};

constexpr Statement kListBefore{"posts_before", "SELECT " WEIR_POST_COLUMNS
                                                " FROM posts WHERE user_id = $1 AND id < $2 "
                                                "ORDER BY id DESC LIMIT $3"};

constexpr Statement kNewest{
    "newest_posts",
    "SELECT wanted.user_id, wanted.most, post.* "
    "FROM unnest($1::bigint[], $2::bigint[]) AS wanted (user_id, most) "
    "CROSS JOIN LATERAL (SELECT " WEIR_POST_COLUMNS
    " FROM posts WHERE posts.user_id = wanted.user_id ORDER BY id DESC LIMIT wanted.most) AS post"};
constexpr int kColumnAfterKey = 2;
constexpr std::size_t kUsualPosts = 16;

#undef WEIR_POST_COLUMNS

void append_post(const Row& row, std::vector<Post>& posts) {
  if (posts.empty()) posts.reserve(std::min<std::size_t>(row.int64(1), kUsualPosts));
  posts.push_back(to_post(row, row.int64(0), kColumnAfterKey));
}

bool is_newer(const Post& a, const Post& b) { return a.id > b.id; }

// A status of the pool, in the words of the domain where it means something there.
absl::Status in_our_words(const absl::Status& status, std::int64_t user_id) {
  if (postgres::violated_constraint(status) == "posts_user_id_fkey") {
    return users::user_not_found(user_id);
  }
  return postgres::is_in_doubt(status) ? api::outcome_unknown() : status;
}

}  // namespace

PostRepository::PostRepository(postgres::Pool& pool)
    : pool_(pool), newest_(pool, {kNewest, append_post}) {}

Task<absl::StatusOr<Post>> PostRepository::create(NewPost post) {
  const std::int64_t user_id = post.user_id;
  auto write = [post = std::move(post)](Transaction& transaction) -> absl::StatusOr<Post> {
    return to_post(transaction.run(kInsert, post.user_id, post.title, post.body)[0], post.user_id);
  };
  absl::StatusOr<Post> created = co_await pool_.transact(std::move(write));
  if (!created.ok()) co_return in_our_words(created.status(), user_id);
  co_return created;
}

Task<absl::Status> PostRepository::remove(std::int64_t id) {
  auto write = [id](Transaction& transaction) -> absl::Status {
    if (transaction.run(kDelete, id).affected() == 0) return api::not_found(kKind, id);
    return absl::OkStatus();
  };
  const absl::Status removed = co_await pool_.transact(std::move(write));
  co_return postgres::is_in_doubt(removed) ? api::outcome_unknown() : removed;
}

Task<absl::StatusOr<std::vector<Post>>> PostRepository::list_before(std::int64_t user_id,
                                                                    std::int64_t id,
                                                                    std::int64_t limit) {
  auto read = [user_id, id, limit](Transaction& transaction) -> absl::StatusOr<std::vector<Post>> {
    std::vector<Post> posts;
    for (const Row row : transaction.run(kListBefore, user_id, id, limit)) {
      posts.push_back(to_post(row, user_id));
    }
    return posts;
  };
  co_return co_await pool_.query(std::move(read));
}

Task<absl::StatusOr<std::vector<Post>>> PostRepository::newest(std::int64_t user_id,
                                                               std::int64_t limit) {
  absl::StatusOr<std::optional<std::vector<Post>>> found =
      co_await newest_.load(UserAndLimit(user_id, limit));
  if (!found.ok()) co_return found.status();
  std::vector<Post> posts = std::move(*found).value_or(std::vector<Post>());
  std::sort(posts.begin(), posts.end(), is_newer);
  co_return posts;
}

}  // namespace weir::posts
