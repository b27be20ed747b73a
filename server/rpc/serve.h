// SPDX-License-Identifier: Apache-2.0
#pragma once

// The life of a call, from gRPC's request to its last tag, as one coroutine for all four shapes.

#include <exception>
#include <string>
#include <utility>

#include "async/detail/under.h"
#include "rpc/operation.h"
#include "server/rpc/async_methods.h"
#include "server/rpc/end_limit.h"
#include "server/rpc/method.h"
#include "server/rpc/refusal.h"
#include "server/rpc/server_call.h"
#include "server/rpc/server_loop.h"
#include "server/rpc/streams.h"
#include "server/status/details.h"

namespace weir::rpc {

// `service` must outlive this.
template <class Shape, class Handler>
class MethodOf final : public Method {
 public:
  MethodOf(std::string name, Traits traits, std::size_t number, AsyncMethods& service, int index,
           Handler handler)
      : Method(std::move(name), traits, number),
        service_(service),
        index_(index),
        handler_(std::move(handler)) {}

  Task<void> serve_next(ServerLoop& loop) const override {
    CurrentTask& self = co_await this_task();
    ServerCall call(loop, *this, self);
    Shape shape(call);
    call.expect();
    const bool arrived = co_await operation("next call", [&](void* tag) {
      service_.request(index_, call.grpc(), shape.stream(), loop.queue(), tag);
    });
    if (!arrived) co_return;
    call.arrived();

    typename Shape::Result result;
    absl::Status welcome = call.admit();
    if constexpr (requires { shape.check(); }) {
      if (welcome.ok()) {
        const EndLimit limit(call);
        const ServerCall::ClientOwes owes(call, ServerCall::Owes::kRequest);
        const bool came =
            co_await operation("request", [&](void* tag) { shape.read_request(tag); });
        if (came) {
          call.message_came(shape.request_bytes());
          welcome = call.accept(shape.check());
        } else {
          welcome = co_await detail::why_no_message(shape.stream(), call);
          if (welcome.ok()) welcome = call.accept(no_request());
        }
      }
    }
    if (welcome.ok()) welcome = call.enter_method();
    if (welcome.ok() && call.must_wait()) {
      weir::detail::Under waiting(call.context(), call.wait_for_place());
      welcome = co_await waiting;
    }
    if (!welcome.ok()) {
      result = std::move(welcome);
    } else {
      try {
        weir::detail::Under handled(call.context(), shape.handle(handler_));
        result = co_await handled;
      } catch (...) {
        result = call.threw(std::current_exception());
      }
    }
    if (call.was_cut(weir::detail::status_of(result))) result = call.cut();
    if (weir::detail::status_of(result).ok() && call.client_holds_too_much()) {
      result = call.refuse_answer();
    }
    if (absl::Status error = weir::detail::status_of(result); !error.ok()) {
      result = status::with_default_details(std::move(error));
    }
    call.has_result(weir::detail::status_of(result));

    {
      const EndLimit limit(call);
      const ServerCall::ClientOwes owes(call, ServerCall::Owes::kRoom);
      if constexpr (requires { shape.last_write(); }) (void)co_await shape.last_write();
      call.about_to_write();
      co_await operation("finish", [&](void* tag) {
        // It is serialized at once: a client that takes nothing does not keep it twice.
        const typename Shape::Result sent = std::move(result);
        shape.finish(sent, tag);
      });
    }
    if constexpr (requires { shape.last_read(); }) (void)co_await shape.last_read();
    co_await call.ended();
  }

 private:
  AsyncMethods& service_;
  const int index_;
  const Handler handler_;
};

}  // namespace weir::rpc
