// SPDX-License-Identifier: Apache-2.0
#include "server/routes.h"

#include <functional>

#include "server/status/details.h"

namespace weir {
namespace {

// For a method of the contract that this server does not have yet: a call of a method without a
// route would wait for ever.
template <class Request, class Event>
Task<absl::Status> unimplemented(const Request&, rpc::Writer<Event>&) {
  co_return status::Error(absl::StatusCode::kUnimplemented, "UNIMPLEMENTED",
                          "this server does not have the method yet");
}

}  // namespace

void add_routes(rpc::Server& server, GrpcServices& grpc, users::UserService& users) {
  using Async = users::v1::UserService::AsyncService;
  using users::UserService;
  auto routes = server.add_service(grpc.users, users::v1::UserService::service_full_name());
  const auto to = [&](auto method) { return std::bind_front(method, &users); };
  routes.unary("CreateUser", &Async::RequestCreateUser, to(&UserService::create_user));
  routes.unary("GetUser", &Async::RequestGetUser, to(&UserService::get_user));
  routes.unary("ListUsers", &Async::RequestListUsers, to(&UserService::list_users));
  routes.unary("UpdateUser", &Async::RequestUpdateUser, to(&UserService::update_user));
  routes.unary("DeleteUser", &Async::RequestDeleteUser, to(&UserService::delete_user));
  routes.unary("BatchGetUsers", &Async::RequestBatchGetUsers, to(&UserService::batch_get_users));
  routes.unary("VerifyPassword", &Async::RequestVerifyPassword, to(&UserService::verify_password));
  routes.server_streaming("WatchUsers", &Async::RequestWatchUsers,
                          &unimplemented<users::v1::WatchUsersRequest, users::v1::UserEvent>);
}

}  // namespace weir
