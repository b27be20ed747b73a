// SPDX-License-Identifier: Apache-2.0
#pragma once

// unary: one call with one answer, as a coroutine, tried again where that is right.
//
//     return unary(channel, stub, kGetUser, std::move(request));
//
// Its deadline is the Context's, or the channel's default if that is earlier; all attempts share
// it. Cancelled, it ends the call and waits for gRPC to say so.
//
// Lifetime: `channel` and `stub` must outlive the task. Thread: a CompletionQueueLoop's own.

#include <grpcpp/support/async_unary_call.h>

#include <memory>
#include <utility>

#include "async/timeout.h"
#include "client/call_context.h"
#include "client/channel.h"
#include "client/hedge.h"
#include "rpc/operation.h"

namespace weir::client {

template <class Stub, class Request, class Response>
struct UnaryMethod {
  const char* name;  // for the task tree
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (Stub::*prepare)(
      grpc::ClientContext*, const Request&, grpc::CompletionQueue*);
  Repeat repeat;
};

namespace detail {

template <class Stub, class Request, class Response>
Task<absl::StatusOr<Response>> unary_attempt(Stub& stub,
                                             const UnaryMethod<Stub, Request, Response>& method,
                                             const Request& request, Pushback& pushback) {
  const Context& context = co_await this_context();
  if (context.is_cancelled()) co_return context.status();
  const absl::StatusOr<grpc::CompletionQueue*> queue = queue_of(context);
  if (!queue.ok()) co_return queue.status();

  CallContext call(context);
  const auto reader = (stub.*method.prepare)(&call.grpc(), request, *queue);
  call.follow_cancellation();
  reader->StartCall();
  Response response;
  grpc::Status status;
  const auto finish = [&](void* tag) { reader->Finish(&response, &status, tag); };
  co_await rpc::operation(method.name, finish);
  if (status.ok()) co_return std::move(response);
  pushback = call.pushback();
  co_return call.status(status);
}

// No retry follows from the throttle's word: the next would most likely meet it too.
template <class Stub, class Request, class Response>
Task<absl::StatusOr<Response>> throttled_attempt(const Channel& channel, Stub& stub,
                                                 const UnaryMethod<Stub, Request, Response>& method,
                                                 const Request& request, Pushback& pushback) {
  const Context& context = co_await this_context();
  EventLoop& loop = context.loop();
  if (!channel.throttle().admit(loop.turn_time(), loop.random())) {
    pushback = Pushback::parse("-1");
    co_return throttled();
  }
  absl::StatusOr<Response> result = co_await unary_attempt(stub, method, request, pushback);
  channel.throttle().ended(loop.turn_time(), result.status());
  co_return result;
}

}  // namespace detail

template <class Stub, class Request, class Response>
Task<absl::StatusOr<Response>> unary(const Channel& channel, Stub& stub,
                                     UnaryMethod<Stub, Request, Response> method, Request request) {
  const auto one = [&](Pushback& pushback) {
    return detail::throttled_attempt(channel, stub, method, request, pushback);
  };
  const Duration hedge_after = channel.options().hedge_after;
  const bool hedges = method.repeat == Repeat::kRead && hedge_after > Duration::zero();
  const auto attempt = [&](Pushback& pushback) {
    return hedges ? hedged<Response>(hedge_after, channel.budget(), one, pushback) : one(pushback);
  };
  Task<absl::StatusOr<Response>> attempts =
      with_retries<Response>(channel.options().retry, channel.budget(), method.repeat, attempt);
  co_return co_await timeout(channel.options().default_timeout, std::move(attempts));
}

// For a method whose answer says nothing.
template <class Empty>
Task<absl::Status> without_answer(Task<absl::StatusOr<Empty>> call) {
  const absl::StatusOr<Empty> empty = co_await std::move(call);
  co_return empty.status();
}

}  // namespace weir::client
