// SPDX-License-Identifier: Apache-2.0
#pragma once

// PostService: weir.posts.v1.PostService, from a parsed request to a response or an error with its
// details. What a method promises is written in proto/weir/posts/v1/posts.proto.
//
// Knows nothing of gRPC. Each request must stay alive until its await is over. Thread: any; what it
// is made of must outlive it.

#include "absl/status/statusor.h"
#include "async/task.h"
#include "google/protobuf/empty.pb.h"
#include "server/api/page_token.h"
#include "server/postgres/lagging_reads.h"
#include "server/posts/post_repository.h"
#include "weir/posts/v1/posts.pb.h"

namespace weir::posts {

class PostService {
 public:
  // Lists may be read from `standby`, which may be null.
  PostService(PostRepository& repository, const api::PageTokens& page_tokens,
              postgres::Standby* standby = nullptr)
      : repository_(repository), lists_(repository, standby), page_tokens_(page_tokens) {}

  Task<absl::StatusOr<v1::Post>> create_post(const v1::CreatePostRequest& request);
  Task<absl::StatusOr<v1::ListPostsResponse>> list_posts(const v1::ListPostsRequest& request);
  Task<absl::StatusOr<google::protobuf::Empty>> delete_post(const v1::DeletePostRequest& request);

 private:
  PostRepository& repository_;
  postgres::LaggingReads<PostRepository> lists_;
  const api::PageTokens& page_tokens_;
};

}  // namespace weir::posts
