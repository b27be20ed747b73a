// SPDX-License-Identifier: Apache-2.0
#pragma once

// Server: a gRPC server on asynchronous completion queues whose handlers are coroutines.
// Tokio: tonic's Server on a multi-thread runtime, one completion queue a thread.
//
//     Server server(options);
//     auto routes = server.add_service(users::v1::UserService::service_full_name());
//     routes.unary("GetUser", &Async::RequestGetUser, handler);
//     absl::Status started = server.start();
//
// Methods are added before start. Shutting down is a matter of order: see server/rpc/drain.h. The
// steps of a shutdown are called by server/shutdown.h only.
//
// Thread: one, and not a loop's, but for those who look in.

#include <grpcpp/server.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "async/loop_watchdog.h"
#include "async/time.h"
#include "server/rpc/acceptor.h"
#include "server/rpc/access_log.h"
#include "server/rpc/admission.h"
#include "server/rpc/async_methods.h"
#include "server/rpc/authorizer.h"
#include "server/rpc/client_account.h"
#include "server/rpc/concurrency_limit.h"
#include "server/rpc/connections.h"
#include "server/rpc/health.h"
#include "server/rpc/method.h"
#include "server/rpc/reflection.h"
#include "server/rpc/serve.h"
#include "server/rpc/server_loop.h"
#include "server/rpc/shapes.h"
#include "server/rpc/tls.h"
#include "telemetry/tracer.h"

namespace weir::rpc {

struct ServerOptions {
  std::string address = "127.0.0.1:50051";  // port 0: any free one
  int loops = 1;
  int accept_slots = 64;  // calls of each method that a loop awaits at once, at most
  std::size_t max_calls = 20'000;
  Duration max_deadline = std::chrono::seconds(60);
  int max_receive_message_bytes = 4 << 20;
  int max_metadata_bytes = 8 << 10;
  int max_concurrent_streams = 1000;  // of one connection
  std::size_t max_connections = 20'000;
  Duration max_connection_age = std::chrono::seconds(30);
  // For what lasts: unary calls end with max_deadline, and the drain has limits of its own.
  Duration max_connection_age_grace = std::chrono::hours(1);
  Duration keepalive_time = std::chrono::seconds(60);
  Duration keepalive_timeout = std::chrono::seconds(10);
  Duration min_ping_interval = std::chrono::seconds(10);  // a client that pings more is sent away
  Duration handshake_timeout = std::chrono::seconds(5);   // for TLS, and the first frames
  Duration write_timeout = std::chrono::seconds(30);      // for a client to take what it is sent
  Duration stream_idle = std::chrono::minutes(5);         // for a client to send what is waited for
  std::size_t max_grpc_bytes = 256 << 20;                 // that gRPC holds for all calls together
  FrameLimits frames;                                     // of each connection
  AccessLogOptions access_log;
  Duration blocked = std::chrono::milliseconds(50);  // a turn of a loop that is reported
  TlsOptions tls;
  // A file; empty: everybody may call everything. With one, reflection and channelz are off, which
  // it does not govern; health stays open to all.
  std::string authorization_policy;
  LimitOptions limit;
  ClientLimits client;
  bool reflection = true;
  bool channelz = true;
};

class ServiceRoutes;

class Server {
 public:
  // Without a tracer, which must outlive this, there are no spans.
  explicit Server(ServerOptions options, telemetry::Tracer* tracer = nullptr);
  // If the drain did not do it already: cuts what runs and shuts down.
  ~Server();

  // A call of a method that is not added to it is UNIMPLEMENTED.
  ServiceRoutes add_service(std::string_view full_name, Method::Kind kind = Method::Kind::kTraffic);

  // Binds and serves. UNAVAILABLE if the address cannot be bound, FAILED_PRECONDITION if a file of
  // certificates or of the policy cannot be read.
  absl::Status start();
  // Where it listens, with the port that was found.
  std::string address() const;

  const Admission& admission() const { return admission_; }
  Health& health() { return health_; }
  const Health& health() const { return health_; }

  // For those who look in. Any thread; `visit` keeps the loops from ending.
  template <class F>
  void for_each_loop(F visit) const {
    const std::shared_lock lock(loops_mutex_);
    for (const auto& loop : loops_) visit(*loop);
  }
  template <class F>
  void with_loops(F look) const {
    const std::shared_lock lock(loops_mutex_);
    look(loops_);
  }
  const std::vector<std::unique_ptr<Method>>& methods() const { return methods_; }
  // Reported turns of the loops.
  std::uint64_t blocked_turns() const { return blocked_turns_.load(std::memory_order_relaxed); }
  std::size_t max_calls() const { return options_.max_calls; }
  const Connections& connections() const { return connections_; }
  std::optional<TlsFiles::Stats> tls_stats() const;  // nullopt without TLS

  // The steps of a shutdown; see drain.h.
  void close_door() { acceptor_->close_door(); }
  // Those that arrive, and those whose requests have not come; once.
  void refuse_calls();
  std::vector<ServerLoop::Straggler> stragglers(Duration patience);
  void cancel_calls(Method::Kind kind);
  // Off the loops: blocks until the calls in progress have ended and their clients have received
  // what they were answered, at most until `limit`, and then until all is shut down.
  void shut_down(Duration limit);

 private:
  void wait_for_last_answers(TimePoint limit) const;
  friend class ServiceRoutes;

  void report_blocked(const LoopWatchdog::Blocked& blocked);

  const ServerOptions options_;
  telemetry::Tracer* const tracer_;
  // Of loops_ and tls_files_, for those who look in while the server starts and ends.
  mutable std::shared_mutex loops_mutex_;
  Admission admission_;
  std::unique_ptr<TlsFiles> tls_files_;
  std::unique_ptr<Authorizer> authorizer_;
  Admission admin_admission_;  // calls of health and reflection, which are not drained
  ClientAccounts accounts_;
  Connections connections_;
  std::vector<std::unique_ptr<Method>> methods_;
  std::vector<std::unique_ptr<AsyncMethods>> services_;
  std::vector<std::string> service_names_;  // of all that are served
  Health health_;
  std::optional<Reflection> reflection_;
  std::vector<std::unique_ptr<ServerLoop>> loops_;
  std::atomic<std::uint64_t> blocked_turns_ = 0;
  std::optional<LoopWatchdog> watchdog_;  // of loops_
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Acceptor> acceptor_;
};

// Adds the methods of one service. The generated Request... function only tells their types. The
// handlers are callables; see shapes.h for their signatures.
class ServiceRoutes {
 public:
  ServiceRoutes(Server& server, AsyncMethods& service, std::string_view full_name,
                Method::Kind kind)
      : server_(server), service_(service), full_name_(full_name), kind_(kind) {}

  // Of the methods that are added after it.
  void set_priority(Method::Priority priority) { priority_ = priority; }

  template <class Base, class Request, class Response, class Handler>
  void unary(const std::string& name,
             void (Base::*)(grpc::ServerContext*, Request*,
                            grpc::ServerAsyncResponseWriter<Response>*, grpc::CompletionQueue*,
                            grpc::ServerCompletionQueue*, void*),
             Handler handler) {
    using Handled = typename std::invoke_result_t<const Handler&, const Request&>::value_type;
    add<Unary<Request, Response, Handled>>(name, std::move(handler));
  }
  template <class Base, class Request, class Response, class Handler>
  void server_streaming(const std::string& name,
                        void (Base::*)(grpc::ServerContext*, Request*,
                                       grpc::ServerAsyncWriter<Response>*, grpc::CompletionQueue*,
                                       grpc::ServerCompletionQueue*, void*),
                        Handler handler, Method::Length length = Method::Length::kBounded) {
    add<ServerStreaming<Request, Response>>(name, std::move(handler), length);
  }
  template <class Base, class Request, class Response, class Handler>
  void client_streaming(const std::string& name,
                        void (Base::*)(grpc::ServerContext*,
                                       grpc::ServerAsyncReader<Response, Request>*,
                                       grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*),
                        Handler handler, Method::Length length = Method::Length::kBounded) {
    add<ClientStreaming<Request, Response>>(name, std::move(handler), length);
  }
  template <class Base, class Request, class Response, class Handler>
  void bidi(const std::string& name,
            void (Base::*)(grpc::ServerContext*, grpc::ServerAsyncReaderWriter<Response, Request>*,
                           grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*),
            Handler handler, Method::Length length = Method::Length::kBounded) {
    add<Bidi<Request, Response>>(name, std::move(handler), length);
  }

 private:
  template <class Shape, class Handler>
  void add(const std::string& name, Handler handler,
           Method::Length length = Method::Length::kBounded) {
    const bool is_limited = kind_ == Method::Kind::kTraffic && requires { Shape::kIsLimited; };
    std::string path = full_name_ + "/" + name;
    const int index = service_.add(path);
    server_.methods_.push_back(std::make_unique<MethodOf<Shape, Handler>>(
        std::move(path), Method::Traits{kind_, length, priority_, is_limited},
        server_.methods_.size(), service_, index, std::move(handler)));
  }

  Server& server_;
  AsyncMethods& service_;
  const std::string full_name_;
  const Method::Kind kind_;
  Method::Priority priority_ = Method::Priority::kNormal;
};

}  // namespace weir::rpc
