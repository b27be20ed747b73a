// SPDX-License-Identifier: Apache-2.0
#pragma once

// UserService: weir.users.v1.UserService, from a parsed request to a response or an error with its
// details. What a method promises is written in proto/weir/users/v1/users.proto.
//
// Knows nothing of gRPC: any caller with an event loop may use it. Each request must stay alive
// until its await is over. Thread: any; everything it is made of must outlive it.

#include "absl/status/statusor.h"
#include "async/task.h"
#include "google/protobuf/empty.pb.h"
#include "server/api/page_token.h"
#include "server/postgres/lagging_reads.h"
#include "server/users/attempt_limiter.h"
#include "server/users/passwords.h"
#include "server/users/user_cache.h"
#include "server/users/user_repository.h"
#include "weir/users/v1/users.pb.h"

namespace weir::users {

class UserService {
 public:
  // Lists may be read from `standby`, which may be null.
  UserService(UserRepository& repository, UserCache& cache, Passwords& passwords,
              AttemptLimiter& attempts, const api::PageTokens& page_tokens,
              postgres::Standby* standby = nullptr)
      : repository_(repository),
        lists_(repository, standby),
        cache_(cache),
        passwords_(passwords),
        attempts_(attempts),
        page_tokens_(page_tokens) {}

  Task<absl::StatusOr<v1::User>> create_user(const v1::CreateUserRequest& request);
  Task<absl::StatusOr<v1::User>> get_user(const v1::GetUserRequest& request);
  Task<absl::StatusOr<v1::ListUsersResponse>> list_users(const v1::ListUsersRequest& request);
  Task<absl::StatusOr<v1::User>> update_user(const v1::UpdateUserRequest& request);
  Task<absl::StatusOr<google::protobuf::Empty>> delete_user(const v1::DeleteUserRequest& request);
  Task<absl::StatusOr<v1::BatchGetUsersResponse>> batch_get_users(
      const v1::BatchGetUsersRequest& request);
  Task<absl::StatusOr<v1::User>> verify_password(const v1::VerifyPasswordRequest& request);

 private:
  Task<void> rehash(std::int64_t id, std::string password, std::string old_hash);

  UserRepository& repository_;
  postgres::LaggingReads<UserRepository> lists_;
  UserCache& cache_;
  Passwords& passwords_;
  AttemptLimiter& attempts_;
  const api::PageTokens& page_tokens_;
};

}  // namespace weir::users
