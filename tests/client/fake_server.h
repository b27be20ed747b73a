// SPDX-License-Identifier: Apache-2.0
#pragma once

// FakeServer: UserService and Health in this process, that answer what a test tells them to. On
// gRPC's callback API, so it shares no code with the client it tests.

#include <grpcpp/server.h>

#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "weir/users/v1/users.grpc.pb.h"

namespace weir::client {

class FakeUsers final : public users::v1::UserService::CallbackService {
 public:
  template <class Request, class Response>
  using Answer =
      std::function<grpc::Status(grpc::CallbackServerContext&, const Request&, Response&)>;

  // Each called on a thread of gRPC's, one at a time; those not set answer UNIMPLEMENTED.
  Answer<users::v1::CreateUserRequest, users::v1::User> create;
  Answer<users::v1::GetUserRequest, users::v1::User> get;
  Answer<users::v1::ListUsersRequest, users::v1::ListUsersResponse> list;
  Answer<users::v1::UpdateUserRequest, users::v1::User> update;
  Answer<users::v1::DeleteUserRequest, google::protobuf::Empty> remove;
  Answer<users::v1::BatchGetUsersRequest, users::v1::BatchGetUsersResponse> batch_get;
  Answer<users::v1::VerifyPasswordRequest, users::v1::User> verify;

  // From now on GetUser never answers. Ready once a call has come; the inner future is ready once
  // that call has been cancelled by its client.
  struct Hang {
    std::promise<void> arrived;
    std::promise<void> cancelled;
  };
  Hang& hang_gets();

  grpc::ServerUnaryReactor* CreateUser(grpc::CallbackServerContext* context,
                                       const users::v1::CreateUserRequest* request,
                                       users::v1::User* response) override {
    return answer(create, *context, *request, *response);
  }
  grpc::ServerUnaryReactor* GetUser(grpc::CallbackServerContext* context,
                                    const users::v1::GetUserRequest* request,
                                    users::v1::User* response) override;
  grpc::ServerUnaryReactor* ListUsers(grpc::CallbackServerContext* context,
                                      const users::v1::ListUsersRequest* request,
                                      users::v1::ListUsersResponse* response) override {
    return answer(list, *context, *request, *response);
  }
  grpc::ServerUnaryReactor* UpdateUser(grpc::CallbackServerContext* context,
                                       const users::v1::UpdateUserRequest* request,
                                       users::v1::User* response) override {
    return answer(update, *context, *request, *response);
  }
  grpc::ServerUnaryReactor* DeleteUser(grpc::CallbackServerContext* context,
                                       const users::v1::DeleteUserRequest* request,
                                       google::protobuf::Empty* response) override {
    return answer(remove, *context, *request, *response);
  }
  grpc::ServerUnaryReactor* BatchGetUsers(grpc::CallbackServerContext* context,
                                          const users::v1::BatchGetUsersRequest* request,
                                          users::v1::BatchGetUsersResponse* response) override {
    return answer(batch_get, *context, *request, *response);
  }
  grpc::ServerUnaryReactor* VerifyPassword(grpc::CallbackServerContext* context,
                                           const users::v1::VerifyPasswordRequest* request,
                                           users::v1::User* response) override {
    return answer(verify, *context, *request, *response);
  }

 private:
  template <class Request, class Response>
  grpc::ServerUnaryReactor* answer(const Answer<Request, Response>& answer,
                                   grpc::CallbackServerContext& context, const Request& request,
                                   Response& response) {
    grpc::ServerUnaryReactor* reactor = context.DefaultReactor();
    const std::lock_guard lock(mutex_);
    reactor->Finish(answer ? answer(context, request, response)
                           : grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "not in this test"));
    return reactor;
  }

  std::mutex mutex_;
  std::unique_ptr<Hang> hang_;
};

// Check and Watch answer what `set` last said; Watch also each change.
class FakeHealth final : public grpc::health::v1::Health::CallbackService {
 public:
  using Response = grpc::health::v1::HealthCheckResponse;

  void set(Response::ServingStatus status);
  // Ends every Watch with `status`.
  void end_watches(grpc::Status status);
  // Waits until a client has left a Watch.
  void wait_until_left() { left_.get_future().wait(); }

  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context,
                                  const grpc::health::v1::HealthCheckRequest* request,
                                  Response* response) override;
  grpc::ServerWriteReactor<Response>* Watch(
      grpc::CallbackServerContext* context,
      const grpc::health::v1::HealthCheckRequest* request) override;

 private:
  class Watcher;

  std::mutex mutex_;
  Response::ServingStatus status_ = Response::SERVING;
  std::vector<Watcher*> watchers_;
  std::promise<void> left_;
  bool has_left_ = false;
};

class FakeServer {
 public:
  FakeServer();
  // Cancels what is under way.
  ~FakeServer();

  FakeUsers users;
  FakeHealth health;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void stop();

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// Created 2026-11-20 12:00:00 UTC, changed an hour later.
users::v1::User make_user(std::int64_t id, const std::string& name, const std::string& email);

}  // namespace weir::client
