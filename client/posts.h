// SPDX-License-Identifier: Apache-2.0
#pragma once

// Posts: weir.posts.v1.PostService as coroutines. Errors and retries as for client::Users.
//
// Lifetime: it must outlive its tasks. Thread: any; each task on a rpc::CompletionQueueLoop.

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "async/task.h"
#include "client/channel.h"
#include "weir/posts/v1/posts.grpc.pb.h"

namespace weir::client {

using Post = posts::v1::Post;

class Posts {
 public:
  explicit Posts(Channel channel);

  // create and remove are tried again only where the server says that it refused them unbegun.
  Task<absl::StatusOr<Post>> create(posts::v1::CreatePostRequest request);
  Task<absl::StatusOr<posts::v1::ListPostsResponse>> list(posts::v1::ListPostsRequest request);
  Task<absl::Status> remove(std::int64_t id);

 private:
  using Stub = posts::v1::PostService::Stub;

  const Channel channel_;
  const std::unique_ptr<Stub> stub_;
};

}  // namespace weir::client
