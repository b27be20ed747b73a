// SPDX-License-Identifier: Apache-2.0
#pragma once

// Users: weir.users.v1.UserService as coroutines.
//
//     client::Users users(channel);
//     absl::StatusOr<client::User> user = co_await users.get(42);
//
// Every error is the service's own, with its google.rpc details as payloads of the status:
// status::detail_of<google::rpc::BadRequest>(error). Which are tried again is in client/retry.h.
//
// Lifetime: it must outlive its tasks. Thread: any; each task on a rpc::CompletionQueueLoop.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "async/task.h"
#include "client/channel.h"
#include "weir/users/v1/users.grpc.pb.h"

namespace weir::client {

using User = users::v1::User;
using UserEvent = users::v1::UserEvent;

class Users {
 public:
  explicit Users(Channel channel);

  // With a request_id of its own where `request` has none: a retry never makes a second user.
  Task<absl::StatusOr<User>> create(users::v1::CreateUserRequest request);
  Task<absl::StatusOr<User>> get(std::int64_t id);
  Task<absl::StatusOr<users::v1::ListUsersResponse>> list(users::v1::ListUsersRequest request);
  // update and remove are tried again only where the server says that it refused them unbegun: the
  // second time they could undo another's change, or fail because the first time succeeded.
  Task<absl::StatusOr<User>> update(users::v1::UpdateUserRequest request);
  Task<absl::Status> remove(std::int64_t id, std::string etag = "");
  // In the order of `ids`; NOT_FOUND if any does not exist.
  Task<absl::StatusOr<std::vector<User>>> batch_get(std::vector<std::int64_t> ids);
  Task<absl::StatusOr<User>> verify_password(std::string email, std::string password);

  // Calls `on_event` with what happens to users from now on, or after `resume_token`, until it
  // returns false. Goes on by itself when the connection or the server ends; see
  // client/resumption.h. `began_at` is told a token before the first event, `interrupted` why it
  // has to begin again; both may be null.
  struct Watch {
    std::string resume_token;
    std::function<bool(const UserEvent& event)> on_event;
    std::function<void(const std::string& resume_token)> began_at;
    std::function<void(const absl::Status& why)> interrupted;
  };
  Task<absl::Status> watch(Watch watch);

 private:
  using Stub = users::v1::UserService::Stub;

  const Channel channel_;
  const std::unique_ptr<Stub> stub_;
};

}  // namespace weir::client
