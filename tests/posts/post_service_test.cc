// SPDX-License-Identifier: Apache-2.0
// PostService on a real Postgres.
#include "server/posts/post_service.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "async/join.h"
#include "async/thread_loop.h"
#include "tests/postgres/database.h"
#include "tests/support/error_details.h"
#include "tests/users/user_stack.h"

namespace weir::posts {
namespace {

using weir::testing::bad_fields;
using weir::testing::reason_of;
using weir::testing::resource_of;
using Fields = std::vector<std::string>;
using Found = absl::StatusOr<std::vector<Post>>;

class PostsTest : public ::testing::Test {
 protected:
  absl::StatusOr<v1::Post> create(std::int64_t user_id, const std::string& title,
                                  const std::string& body = "") {
    v1::CreatePostRequest request;
    request.set_user_id(user_id);
    request.set_title(title);
    request.set_body(body);
    return loop_.run(service_.create_post(request));
  }
  absl::StatusOr<v1::ListPostsResponse> list(std::int64_t user_id, int page_size = 0,
                                             const std::string& page_token = "") {
    v1::ListPostsRequest request;
    request.set_user_id(user_id);
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    return loop_.run(service_.list_posts(request));
  }
  absl::Status remove(std::int64_t id) {
    v1::DeletePostRequest request;
    request.set_id(id);
    return loop_.run(service_.delete_post(request)).status();
  }
  // `count` posts, "1" and so on.
  void add_posts(std::int64_t user_id, int count) {
    database_.psql().run(absl::StrCat("INSERT INTO posts (user_id, title, body) SELECT ", user_id,
                                      ", i, '' FROM generate_series(1, ", count, ") i"));
  }

  users::testing::UserDatabase database_;
  ThreadLoop loop_;
  postgres::Pool pool_{database_.options()};
  const api::PageTokens tokens_{"a secret of thirty-two characters"};
  PostRepository repository_{pool_};
  PostService service_{repository_, tokens_};
};

using CreatePost = PostsTest;
using ListPosts = PostsTest;
using DeletePost = PostsTest;
using NewestPosts = PostsTest;

TEST_F(CreatePost, ReturnsWhatIsThenListed) {
  const std::int64_t ada = database_.add_user();
  const v1::Post post = create(ada, "On engines", "one\n\"two\" \\ 😀").value();
  EXPECT_GT(post.id(), 0);
  EXPECT_EQ(post.user_id(), ada);
  EXPECT_EQ(post.title(), "On engines");
  EXPECT_EQ(post.body(), "one\n\"two\" \\ 😀");
  EXPECT_GT(post.create_time().seconds(), 1'700'000'000);
  const auto listed = list(ada).value();
  ASSERT_EQ(listed.posts_size(), 1);
  EXPECT_EQ(listed.posts(0).SerializeAsString(), post.SerializeAsString());
}

TEST_F(CreatePost, WantsAUserWhoExists) {
  const absl::Status status = create(INT64_MAX, "title").status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_EQ(reason_of(status), "USER_NOT_FOUND");
  EXPECT_EQ(resource_of(status), absl::StrCat("users/", INT64_MAX));
}

TEST_F(CreatePost, NamesEveryFieldThatIsWrong) {
  EXPECT_EQ(bad_fields(create(0, "", std::string("\0", 1)).status()),
            (Fields{"user_id", "title", "body"}));
  EXPECT_EQ(bad_fields(create(1, std::string(201, 'x')).status()), Fields{"title"});
  EXPECT_EQ(bad_fields(create(1, "x", std::string(kMaxBodyBytes + 1, 'x')).status()),
            Fields{"body"});
}

TEST_F(ListPosts, GoesThroughAllOfAUsersNewestFirst) {
  const std::int64_t ada = database_.add_user();
  add_posts(database_.add_user(), 3);
  add_posts(ada, 7);
  std::vector<std::string> titles;
  std::string token;
  int pages = 0;
  do {
    const auto page = list(ada, 3, token).value();
    EXPECT_LE(page.posts_size(), 3);
    for (const v1::Post& post : page.posts()) titles.push_back(post.title());
    token = page.next_page_token();
  } while (++pages < 10 && !token.empty());
  EXPECT_EQ(titles, (std::vector<std::string>{"7", "6", "5", "4", "3", "2", "1"}));
  EXPECT_EQ(pages, 3);
}

TEST_F(ListPosts, HasADefaultAndALargestPage) {
  const std::int64_t ada = database_.add_user();
  add_posts(ada, 250);
  EXPECT_EQ(list(ada).value().posts_size(), 50);
  EXPECT_EQ(list(ada, INT32_MAX).value().posts_size(), 200);
}

TEST_F(ListPosts, TakesNoTokenOfAnotherUsersList) {
  const std::int64_t ada = database_.add_user();
  add_posts(ada, 2);
  const std::string token = list(ada, 1).value().next_page_token();
  EXPECT_EQ(bad_fields(list(database_.add_user(), 1, token).status()), Fields{"page_token"});
  EXPECT_EQ(bad_fields(list(0, -1, "forged").status()),
            (Fields{"user_id", "page_size", "page_token"}));
}

TEST_F(ListPosts, IsEmptyForAUserWithoutPostsOrWhoDoesNotExist) {
  EXPECT_EQ(list(database_.add_user()).value().posts_size(), 0);
  EXPECT_EQ(list(INT64_MAX).value().posts_size(), 0);
}

TEST_F(DeletePost, SucceedsOnce) {
  const std::int64_t id = create(database_.add_user(), "title").value().id();
  EXPECT_TRUE(remove(id).ok());
  const absl::Status again = remove(id);
  EXPECT_TRUE(absl::IsNotFound(again)) << again;
  EXPECT_EQ(reason_of(again), "POST_NOT_FOUND");
  EXPECT_EQ(resource_of(again), absl::StrCat("posts/", id));
  EXPECT_EQ(bad_fields(remove(0)), Fields{"id"});
}

TEST_F(DeletePost, HappensToAllWhenTheUserGoes) {
  const std::int64_t ada = database_.add_user();
  add_posts(ada, 3);
  database_.psql().run(absl::StrCat("DELETE FROM users WHERE id = ", ada));
  EXPECT_EQ(list(ada).value().posts_size(), 0);
}

Task<std::vector<Found>> newest_of(PostRepository& repository,
                                   std::vector<std::pair<std::int64_t, std::int64_t>> wanted) {
  std::vector<Task<Found>> tasks;
  for (const auto& [user, limit] : wanted) tasks.push_back(repository.newest(user, limit));
  co_return co_await join_all(std::move(tasks));
}

TEST_F(NewestPosts, AreReadForManyUsersAtOnceEachWithALimitOfItsOwn) {
  const std::int64_t ada = database_.add_user();
  const std::int64_t bob = database_.add_user();
  add_posts(ada, 5);
  add_posts(bob, 1);
  const std::vector<Found> found =
      loop_.run(newest_of(repository_, {{ada, 2}, {ada, 4}, {bob, 3}, {INT64_MAX, 3}, {ada, 2}}));
  std::vector<std::string> titles;
  for (const Found& posts : found) {
    ASSERT_TRUE(posts.ok()) << posts.status();
    std::string all;
    for (const Post& post : *posts) absl::StrAppend(&all, post.title, " ");
    titles.push_back(all);
  }
  EXPECT_EQ(titles, (std::vector<std::string>{"5 4 ", "5 4 3 2 ", "1 ", "", "5 4 "}));
}

}  // namespace
}  // namespace weir::posts
