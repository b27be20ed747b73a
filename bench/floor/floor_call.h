// SPDX-License-Identifier: Apache-2.0
#pragma once

// FloorCall: one unary call, as the state machine that gRPC's example for completion queues writes.
// `Method` tells which, and fills in an answer of the size of the service's; see methods.h.

#include <grpcpp/grpcpp.h>

namespace weir::floor {

// What the queues hand out.
class Tag {
 public:
  // It has come back.
  virtual void proceed(bool ok) = 0;

 protected:
  ~Tag() = default;
};

template <class Method>
class FloorCall final : public Tag {
 public:
  using Service = typename Method::Service;

  // Awaits a call. It frees itself when the call has ended, or the server has shut down.
  static void expect(Service& service, grpc::ServerCompletionQueue& queue) {
    auto* call = new FloorCall(service, queue);
    (service.*Method::kRequest)(&call->context_, &call->request_, &call->responder_, &queue, &queue,
                                static_cast<Tag*>(call));
  }

  void proceed(bool ok) override {
    if (state_ == State::kFinishing || !ok) {
      delete this;
      return;
    }
    expect(service_, queue_);
    state_ = State::kFinishing;
    Method::answer(request_, response_);
    responder_.Finish(response_, grpc::Status::OK, static_cast<Tag*>(this));
  }

 private:
  enum class State { kExpecting, kFinishing };

  FloorCall(Service& service, grpc::ServerCompletionQueue& queue)
      : service_(service), queue_(queue) {}

  Service& service_;
  grpc::ServerCompletionQueue& queue_;
  State state_ = State::kExpecting;
  grpc::ServerContext context_;
  typename Method::Response response_;
  grpc::ServerAsyncResponseWriter<typename Method::Response> responder_{&context_};
  typename Method::Request request_;
};

}  // namespace weir::floor
