// SPDX-License-Identifier: Apache-2.0
#include "client/posts.h"

#include <utility>

#include "client/unary.h"

namespace weir::client {
namespace {

namespace v1 = posts::v1;
using Stub = v1::PostService::Stub;

constexpr UnaryMethod<Stub, v1::CreatePostRequest, Post> kCreate{
    "CreatePost", &Stub::PrepareAsyncCreatePost, Repeat::kHarmful};
constexpr UnaryMethod<Stub, v1::ListPostsRequest, v1::ListPostsResponse> kList{
    "ListPosts", &Stub::PrepareAsyncListPosts, Repeat::kRead};
constexpr UnaryMethod<Stub, v1::DeletePostRequest, google::protobuf::Empty> kDelete{
    "DeletePost", &Stub::PrepareAsyncDeletePost, Repeat::kHarmful};

}  // namespace

Posts::Posts(Channel channel)
    : channel_(std::move(channel)), stub_(v1::PostService::NewStub(channel_.grpc())) {}

Task<absl::StatusOr<Post>> Posts::create(v1::CreatePostRequest request) {
  return unary(channel_, *stub_, kCreate, std::move(request));
}

Task<absl::StatusOr<v1::ListPostsResponse>> Posts::list(v1::ListPostsRequest request) {
  return unary(channel_, *stub_, kList, std::move(request));
}

Task<absl::Status> Posts::remove(std::int64_t id) {
  v1::DeletePostRequest request;
  request.set_id(id);
  return without_answer(unary(channel_, *stub_, kDelete, std::move(request)));
}

}  // namespace weir::client
