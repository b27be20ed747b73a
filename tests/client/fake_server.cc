// SPDX-License-Identifier: Apache-2.0
#include "tests/client/fake_server.h"

#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>
#include <deque>

#include "absl/strings/str_cat.h"

namespace weir::client {
namespace {

// Answers nothing, and tells when its client has gone.
class HangingCall final : public grpc::ServerUnaryReactor {
 public:
  explicit HangingCall(FakeUsers::Hang& hang) : hang_(hang) { hang_.arrived.set_value(); }

  void OnCancel() override {
    hang_.cancelled.set_value();
    Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override { delete this; }

 private:
  FakeUsers::Hang& hang_;
};

}  // namespace

FakeUsers::Hang& FakeUsers::hang_gets() {
  const std::lock_guard lock(mutex_);
  hang_ = std::make_unique<Hang>();
  return *hang_;
}

grpc::ServerUnaryReactor* FakeUsers::GetUser(grpc::CallbackServerContext* context,
                                             const users::v1::GetUserRequest* request,
                                             users::v1::User* response) {
  {
    const std::lock_guard lock(mutex_);
    if (hang_ != nullptr) return new HangingCall(*hang_);
  }
  return answer(get, *context, *request, *response);
}

class FakeHealth::Watcher final : public grpc::ServerWriteReactor<Response> {
 public:
  explicit Watcher(FakeHealth& health) : health_(health) {}

  // With the health's mutex held, all three.
  void send(Response::ServingStatus status) {
    Response response;
    response.set_status(status);
    queue_.push_back(response);
    if (queue_.size() == 1) StartWrite(&queue_.front());
  }
  void end(const grpc::Status& status) {
    ending_ = status;
    finish_if_possible();
  }

 private:
  void finish_if_possible() {
    if (!ending_ || finished_ || !queue_.empty()) return;
    finished_ = true;
    Finish(*ending_);
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(health_.mutex_);
    if (!ok) {
      queue_.clear();
    } else {
      queue_.pop_front();
      if (!queue_.empty()) StartWrite(&queue_.front());
    }
    finish_if_possible();
  }
  void OnCancel() override {
    const std::lock_guard lock(health_.mutex_);
    if (!std::exchange(health_.has_left_, true)) health_.left_.set_value();
    end(grpc::Status::CANCELLED);
  }
  void OnDone() override {
    {
      const std::lock_guard lock(health_.mutex_);
      auto& watchers = health_.watchers_;
      watchers.erase(std::remove(watchers.begin(), watchers.end(), this), watchers.end());
    }
    delete this;
  }

  FakeHealth& health_;
  std::deque<Response> queue_;  // the first is being written
  std::optional<grpc::Status> ending_;
  bool finished_ = false;
};

void FakeHealth::set(Response::ServingStatus status) {
  const std::lock_guard lock(mutex_);
  status_ = status;
  for (Watcher* watcher : watchers_) watcher->send(status);
}

void FakeHealth::end_watches(grpc::Status status) {
  const std::lock_guard lock(mutex_);
  for (Watcher* watcher : watchers_) watcher->end(status);
}

grpc::ServerUnaryReactor* FakeHealth::Check(grpc::CallbackServerContext* context,
                                            const grpc::health::v1::HealthCheckRequest* request,
                                            Response* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const std::lock_guard lock(mutex_);
  response->set_status(status_);
  reactor->Finish(request->service().empty()
                      ? grpc::Status::OK
                      : grpc::Status(grpc::StatusCode::NOT_FOUND, "there is no such service"));
  return reactor;
}

grpc::ServerWriteReactor<FakeHealth::Response>* FakeHealth::Watch(
    grpc::CallbackServerContext*, const grpc::health::v1::HealthCheckRequest*) {
  auto* watcher = new Watcher(*this);
  const std::lock_guard lock(mutex_);
  watchers_.push_back(watcher);
  watcher->send(status_);
  return watcher;
}

FakeServer::FakeServer() {
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(&users);
  builder.RegisterService(&health);
  server_ = builder.BuildAndStart();
}

FakeServer::~FakeServer() { stop(); }

void FakeServer::stop() {
  // A deadline in the past: what is under way is cancelled at once.
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

users::v1::User make_user(std::int64_t id, const std::string& name, const std::string& email) {
  constexpr std::int64_t kNoon = 1'795'176'000;
  users::v1::User user;
  user.set_id(id);
  user.set_name(name);
  user.set_email(email);
  user.mutable_create_time()->set_seconds(kNoon);
  user.mutable_update_time()->set_seconds(kNoon + 3600);
  user.set_etag(absl::StrCat("\"", id, "\""));
  return user;
}

}  // namespace weir::client
