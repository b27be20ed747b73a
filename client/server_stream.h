// SPDX-License-Identifier: Apache-2.0
#pragma once

// server_stream: a call with many answers, as a scope. Tokio: tonic's Streaming<T>.
//
//     auto body = [&](rpc::Reader<Event>& events) -> Task<absl::Status> {
//       while (std::optional<Event> event = co_await or_return(events.read())) ...
//       co_return absl::OkStatus();
//     };
//     absl::Status status = co_await server_stream(stub, kWatch, request, body);
//
// The body reads as far as it likes. When it returns, the call has ended too: what was not read is
// cancelled and awaited. There is no default deadline, because a stream may last, and no retry,
// because only the caller knows where to go on.
//
// Trap: the reader is valid inside the body only.

#include <grpcpp/support/async_stream.h>

#include <memory>
#include <optional>
#include <utility>

#include "async/task.h"
#include "client/call_context.h"
#include "rpc/operation.h"
#include "rpc/stream.h"

namespace weir::client {

template <class Stub, class Request, class Response>
struct StreamMethod {
  const char* name;  // for the task tree
  std::unique_ptr<grpc::ClientAsyncReader<Response>> (Stub::*prepare)(grpc::ClientContext*,
                                                                      const Request&,
                                                                      grpc::CompletionQueue*);
};

namespace detail {

template <class T>
class IncomingStream final : public rpc::Reader<T> {
 public:
  IncomingStream(CallContext& call, grpc::ClientAsyncReader<T>& reader)
      : call_(call), reader_(reader) {}

  Task<void> start(const char* name) {
    const auto start = [this](void* tag) { reader_.StartCall(tag); };
    const bool started = co_await rpc::operation(name, start);
    if (!started) co_await finish();
  }

  Task<absl::StatusOr<std::optional<T>>> read() override {
    if (!ended_) {
      T message;
      const auto read_one = [&](void* tag) { reader_.Read(&message, tag); };
      const bool ok = co_await rpc::operation("read", read_one);
      if (ok) co_return std::optional<T>(std::move(message));
      co_await finish();
    }
    if (!ended_->ok()) co_return *ended_;
    co_return std::optional<T>();
  }

  // Ends the call if it has not ended.
  Task<void> close() {
    if (ended_) co_return;
    call_.grpc().TryCancel();
    co_await finish();
  }

 private:
  Task<void> finish() {
    grpc::Status status;
    const auto finish = [&](void* tag) { reader_.Finish(&status, tag); };
    co_await rpc::operation("finish", finish);
    ended_ = call_.status(status);
  }

  CallContext& call_;
  grpc::ClientAsyncReader<T>& reader_;
  std::optional<absl::Status> ended_;
};

}  // namespace detail

template <class Stub, class Request, class Response, class Body>
Task<absl::Status> server_stream(Stub& stub, StreamMethod<Stub, Request, Response> method,
                                 Request request, Body body) {
  const Context& context = co_await this_context();
  if (context.is_cancelled()) co_return context.status();
  const absl::StatusOr<grpc::CompletionQueue*> queue = queue_of(context);
  if (!queue.ok()) co_return queue.status();

  CallContext call(context);
  const auto reader = (stub.*method.prepare)(&call.grpc(), request, *queue);
  call.follow_cancellation();
  detail::IncomingStream<Response> incoming(call, *reader);
  co_await incoming.start(method.name);
  absl::Status result = co_await body(static_cast<rpc::Reader<Response>&>(incoming));
  co_await incoming.close();
  co_return result;
}

}  // namespace weir::client
