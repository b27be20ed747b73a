// SPDX-License-Identifier: Apache-2.0
#include "client/users.h"

#include <optional>
#include <utility>

#include "async/or_return.h"
#include "client/request_id.h"
#include "client/resumption.h"
#include "client/server_stream.h"
#include "client/unary.h"

namespace weir::client {
namespace {

namespace v1 = users::v1;
using Stub = v1::UserService::Stub;

constexpr UnaryMethod<Stub, v1::CreateUserRequest, User> kCreate{
    "CreateUser", &Stub::PrepareAsyncCreateUser, Repeat::kHarmless};
constexpr UnaryMethod<Stub, v1::GetUserRequest, User> kGet{"GetUser", &Stub::PrepareAsyncGetUser,
                                                           Repeat::kRead};
constexpr UnaryMethod<Stub, v1::ListUsersRequest, v1::ListUsersResponse> kList{
    "ListUsers", &Stub::PrepareAsyncListUsers, Repeat::kRead};
constexpr UnaryMethod<Stub, v1::UpdateUserRequest, User> kUpdate{
    "UpdateUser", &Stub::PrepareAsyncUpdateUser, Repeat::kHarmful};
constexpr UnaryMethod<Stub, v1::DeleteUserRequest, google::protobuf::Empty> kDelete{
    "DeleteUser", &Stub::PrepareAsyncDeleteUser, Repeat::kHarmful};
constexpr UnaryMethod<Stub, v1::BatchGetUsersRequest, v1::BatchGetUsersResponse> kBatchGet{
    "BatchGetUsers", &Stub::PrepareAsyncBatchGetUsers, Repeat::kRead};
constexpr UnaryMethod<Stub, v1::VerifyPasswordRequest, User> kVerifyPassword{
    "VerifyPassword", &Stub::PrepareAsyncVerifyPassword, Repeat::kHarmless};

constexpr StreamMethod<Stub, v1::WatchUsersRequest, UserEvent> kWatch{
    "WatchUsers", &Stub::PrepareAsyncWatchUsers};

Task<absl::StatusOr<std::vector<User>>> users_of(
    Task<absl::StatusOr<v1::BatchGetUsersResponse>> call) {
  v1::BatchGetUsersResponse response = co_await or_return(std::move(call));
  auto& users = *response.mutable_users();
  co_return std::vector<User>(std::make_move_iterator(users.begin()),
                              std::make_move_iterator(users.end()));
}

}  // namespace

Users::Users(Channel channel)
    : channel_(std::move(channel)), stub_(v1::UserService::NewStub(channel_.grpc())) {}

Task<absl::StatusOr<User>> Users::create(v1::CreateUserRequest request) {
  if (request.request_id().empty()) request.set_request_id(new_request_id());
  return unary(channel_, *stub_, kCreate, std::move(request));
}

Task<absl::StatusOr<User>> Users::get(std::int64_t id) {
  v1::GetUserRequest request;
  request.set_id(id);
  return unary(channel_, *stub_, kGet, std::move(request));
}

Task<absl::StatusOr<v1::ListUsersResponse>> Users::list(v1::ListUsersRequest request) {
  return unary(channel_, *stub_, kList, std::move(request));
}

Task<absl::StatusOr<User>> Users::update(v1::UpdateUserRequest request) {
  return unary(channel_, *stub_, kUpdate, std::move(request));
}

Task<absl::Status> Users::remove(std::int64_t id, std::string etag) {
  v1::DeleteUserRequest request;
  request.set_id(id);
  request.set_etag(std::move(etag));
  return without_answer(unary(channel_, *stub_, kDelete, std::move(request)));
}

Task<absl::StatusOr<std::vector<User>>> Users::batch_get(std::vector<std::int64_t> ids) {
  v1::BatchGetUsersRequest request;
  request.mutable_ids()->Assign(ids.begin(), ids.end());
  return users_of(unary(channel_, *stub_, kBatchGet, std::move(request)));
}

Task<absl::StatusOr<User>> Users::verify_password(std::string email, std::string password) {
  v1::VerifyPasswordRequest request;
  request.set_email(std::move(email));
  request.set_password(std::move(password));
  return unary(channel_, *stub_, kVerifyPassword, std::move(request));
}

Task<absl::Status> Users::watch(Watch watch) {
  const auto attempt = [&](bool& received) -> Task<absl::Status> {
    v1::WatchUsersRequest request;
    request.set_resume_token(watch.resume_token);
    request.set_batch(true);
    const auto body = [&](rpc::Reader<UserEvent>& messages) -> Task<absl::Status> {
      while (const std::optional<UserEvent> message = co_await or_return(messages.read())) {
        // The first is there as soon as the watch is, with where it began.
        if (!std::exchange(received, true) && watch.began_at) {
          watch.began_at(message->resume_token());
        }
        for (const UserEvent& event : message->events()) {
          watch.resume_token = event.resume_token();
          if (!watch.on_event(event)) co_return absl::OkStatus();
        }
        watch.resume_token = message->resume_token();
      }
      co_return absl::UnavailableError("the server ended the watch");
    };
    return server_stream(*stub_, kWatch, request, body);
  };
  co_return co_await with_resumption(channel_.options().retry, watch.interrupted, attempt);
}

}  // namespace weir::client
