// SPDX-License-Identifier: Apache-2.0
#pragma once

// Calls that send many messages, as coroutines: with one answer (client_stream) or many (bidi).
// Tokio: tonic's client streaming, whose request is a Stream.
//
// `source()` is a Task<StatusOr<optional<Request>>>: the next message, or nullopt at the end; an
// error of it cancels the call and is the result. It is told to stop when the call has ended, for
// then nobody wants the next. `sink(response)` takes each answer, and an error of it ends the call,
// too. Backpressure: the next message is asked for when the transport took the last.
//
// There is no default deadline and no retry, as for server_stream. Thread: a CompletionQueueLoop's.

#include <grpcpp/support/async_stream.h>

#include <memory>
#include <optional>
#include <utility>

#include "async/detail/deadline_scope.h"
#include "async/detail/under.h"
#include "async/join.h"
#include "async/task.h"
#include "client/call_context.h"
#include "rpc/operation.h"

namespace weir::client {
namespace detail {

// What the source runs under: whoever hears that the call has ended cancels it.
using Sending = weir::detail::DeadlineScope;

// Sends all of `source`, or until the call ends, which its own status explains.
template <class Request, class Stream, class Source>
Task<absl::Status> send_all(CallContext& call, Stream& stream, Source& source, Sending& sending) {
  while (!sending.scope().is_cancelled()) {
    weir::detail::Under asked(sending.context(), source());
    absl::StatusOr<std::optional<Request>> next = co_await asked;
    if (sending.scope().is_cancelled()) break;
    if (!next.ok()) {
      call.grpc().TryCancel();
      co_return next.status();
    }
    bool taken = false;
    if (next->has_value()) {
      const auto write = [&](void* tag) { stream.Write(**next, tag); };
      taken = co_await rpc::operation("write", write);
    } else {
      const auto done = [&](void* tag) { stream.WritesDone(tag); };
      co_await rpc::operation("writes done", done);
    }
    if (!taken) break;
  }
  co_return absl::OkStatus();
}

template <class Response, class Stream, class Sink>
Task<absl::Status> receive_all(CallContext& call, Stream& stream, Sink& sink, Sending& sending) {
  absl::Status taken;
  while (taken.ok()) {
    Response response;
    const auto read = [&](void* tag) { stream.Read(&response, tag); };
    const bool got = co_await rpc::operation("read", read);
    if (!got) break;
    taken = sink(response);
    if (!taken.ok()) call.grpc().TryCancel();
  }
  sending.cancel(CancelReason::kCancelled);
  co_return taken;
}

template <class Stream>
Task<bool> start(Stream& stream, const char* name) {
  const auto begin = [&](void* tag) { stream.StartCall(tag); };
  co_return co_await rpc::operation(name, begin);
}

// gRPC takes it while messages are sent; it comes back when the call has ended.
template <class Stream>
Task<absl::Status> finish(CallContext& call, Stream& stream, Sending& sending) {
  grpc::Status status;
  const auto end = [&](void* tag) { stream.Finish(&status, tag); };
  co_await rpc::operation("finish", end);
  sending.cancel(CancelReason::kCancelled);
  co_return call.status(status);
}

}  // namespace detail

template <class Stub, class Request, class Response>
struct ClientStreamMethod {
  const char* name;  // for the task tree
  std::unique_ptr<grpc::ClientAsyncWriter<Request>> (Stub::*prepare)(grpc::ClientContext*,
                                                                     Response*,
                                                                     grpc::CompletionQueue*);
};

template <class Stub, class Request, class Response, class Source>
Task<absl::StatusOr<Response>> client_stream(Stub& stub,
                                             ClientStreamMethod<Stub, Request, Response> method,
                                             Source source) {
  const Context& context = co_await this_context();
  if (context.is_cancelled()) co_return context.status();
  const absl::StatusOr<grpc::CompletionQueue*> queue = queue_of(context);
  if (!queue.ok()) co_return queue.status();

  CallContext call(context);
  Response response;
  const auto stream = (stub.*method.prepare)(&call.grpc(), &response, *queue);
  call.follow_cancellation();
  const bool started = co_await detail::start(*stream, method.name);
  detail::Sending sending(context, kForever);
  if (!started) sending.cancel(CancelReason::kCancelled);
  auto [sent, ended] = co_await join(detail::send_all<Request>(call, *stream, source, sending),
                                     detail::finish(call, *stream, sending));
  if (!sent.ok()) co_return sent;
  if (!ended.ok()) co_return ended;
  co_return std::move(response);
}

template <class Stub, class Request, class Response>
struct BidiMethod {
  const char* name;  // for the task tree
  std::unique_ptr<grpc::ClientAsyncReaderWriter<Request, Response>> (Stub::*prepare)(
      grpc::ClientContext*, grpc::CompletionQueue*);
};

template <class Stub, class Request, class Response, class Source, class Sink>
Task<absl::Status> bidi(Stub& stub, BidiMethod<Stub, Request, Response> method, Source source,
                        Sink sink) {
  const Context& context = co_await this_context();
  if (context.is_cancelled()) co_return context.status();
  const absl::StatusOr<grpc::CompletionQueue*> queue = queue_of(context);
  if (!queue.ok()) co_return queue.status();

  CallContext call(context);
  const auto stream = (stub.*method.prepare)(&call.grpc(), *queue);
  call.follow_cancellation();
  const bool started = co_await detail::start(*stream, method.name);
  detail::Sending sending(context, kForever);
  absl::Status sent;
  absl::Status received;
  if (started) {
    auto both = co_await join(detail::send_all<Request>(call, *stream, source, sending),
                              detail::receive_all<Response>(call, *stream, sink, sending));
    sent = std::move(std::get<0>(both));
    received = std::move(std::get<1>(both));
  }
  absl::Status ended = co_await detail::finish(call, *stream, sending);
  if (!sent.ok()) co_return sent;
  if (!received.ok()) co_return received;
  co_return ended;
}

}  // namespace weir::client
