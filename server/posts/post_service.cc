// SPDX-License-Identifier: Apache-2.0
#include "server/posts/post_service.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "async/or_return.h"
#include "server/api/checks.h"
#include "server/api/paging.h"
#include "server/posts/wire.h"
#include "server/status/details.h"

namespace weir::posts {
namespace {

using status::BadRequest;

constexpr api::PageLimits kPageLimits{.default_size = 50, .max_size = 200, .first = INT64_MAX};

// A page token is good for one user's posts.
std::string list_of(std::int64_t user_id) { return absl::StrCat("users/", user_id, "/posts"); }

}  // namespace

Task<absl::StatusOr<v1::Post>> PostService::create_post(const v1::CreatePostRequest& request) {
  BadRequest bad;
  api::check_id("user_id", request.user_id(), bad);
  api::check_label("title", request.title(), kMaxTitleCharacters, bad);
  api::check_text("body", request.body(), kMaxBodyBytes, bad);
  if (!bad.ok()) co_return bad;

  NewPost post;
  post.user_id = request.user_id();
  post.title = request.title();
  post.body = request.body();
  Post created = co_await or_return(repository_.create(std::move(post)));
  co_return to_wire(std::move(created));
}

Task<absl::StatusOr<v1::ListPostsResponse>> PostService::list_posts(
    const v1::ListPostsRequest& request) {
  const std::string list = list_of(request.user_id());
  BadRequest bad;
  api::check_id("user_id", request.user_id(), bad);
  const api::Page page = api::page_of(request, list, kPageLimits, page_tokens_, bad);
  if (!bad.ok()) co_return bad;

  const auto read_page = [&](PostRepository& posts) {
    return posts.list_before(request.user_id(), page.position, page.size + 1);
  };
  std::vector<Post> posts = co_await or_return(lists_.read(read_page));
  v1::ListPostsResponse response;
  response.set_next_page_token(api::cut_to_page(posts, page, list, page_tokens_));
  response.mutable_posts()->Reserve(static_cast<int>(posts.size()));
  for (Post& post : posts) to_wire(std::move(post), *response.add_posts());
  co_return response;
}

Task<absl::StatusOr<google::protobuf::Empty>> PostService::delete_post(
    const v1::DeletePostRequest& request) {
  BadRequest bad;
  api::check_id("id", request.id(), bad);
  if (!bad.ok()) co_return bad;

  co_await or_return(repository_.remove(request.id()));
  co_return google::protobuf::Empty();
}

}  // namespace weir::posts
