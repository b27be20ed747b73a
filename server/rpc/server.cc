// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/server.h"

#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>

#include "absl/strings/str_cat.h"
#include "server/log.h"
#include "server/rpc/channelz.h"

namespace weir::rpc {
namespace {

int milliseconds(Duration duration) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

void set_limits(grpc::ServerBuilder& builder, const ServerOptions& options) {
  // Ours is looked at where a message arrives, as gRPC's would be: with an answer of our own.
  builder.SetMaxReceiveMessageSize(-1);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, options.max_metadata_bytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                             milliseconds(options.max_connection_age));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                             milliseconds(options.max_connection_age_grace));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(options.keepalive_time));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             milliseconds(options.keepalive_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             milliseconds(options.min_ping_interval));
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                             milliseconds(options.handshake_timeout));
  // The last resort: beyond it gRPC ends calls, whosever they are. Clients meet their own bound.
  // Threads are channelz' alone, of which a call holds one until its answer is read.
  builder.SetResourceQuota(
      grpc::ResourceQuota("weir").Resize(options.max_grpc_bytes).SetMaxThreads(kChannelzThreads));
}

// gRPC's way to say that there is no limit is a negative one.
std::size_t max_message_bytes(const ServerOptions& options) {
  const int most = options.max_receive_message_bytes;
  return static_cast<std::size_t>(most < 0 ? std::numeric_limits<int>::max() : most);
}

// One method may have as many calls in progress as all of them together.
ServerOptions with_limits_that_fit(ServerOptions options) {
  options.limit.most = options.max_calls;
  options.limit.first = std::min(options.limit.first, options.max_calls);
  options.limit.least = std::min(options.limit.least, options.limit.first);
  // A client may send some of the largest messages at once.
  options.client.bytes = std::max(options.client.bytes, 4 * max_message_bytes(options));
  options.frames.header_block_bytes =
      2 * static_cast<std::size_t>(options.max_metadata_bytes) + (8 << 10);
  options.frames.streams = static_cast<std::uint32_t>(options.max_concurrent_streams);
  return options;
}

// Filters whose work nobody needs or we do ourselves: each costs every call memory and time.
void leave_out_filters(grpc::ServerBuilder& builder) {
  // A call's scope has the deadline (server_call.h); gRPC would keep a timer of its own for it.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_DEADLINE_CHECKS, 0);
  // Of answers.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);
  // Of requests: inflate.h, within the limit of a message.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
}

}  // namespace

Server::Server(ServerOptions options, telemetry::Tracer* tracer)
    : options_(with_limits_that_fit(std::move(options))),
      tracer_(tracer),
      admission_(options_.max_calls),
      admin_admission_(options_.max_calls),
      accounts_(options_.client),
      health_(*this) {
  if (options_.reflection && options_.authorization_policy.empty()) {
    reflection_.emplace(*this, service_names_);
  }
}

Server::~Server() {
  cancel_calls(Method::Kind::kTraffic);
  shut_down(std::chrono::seconds(1));
}

ServiceRoutes Server::add_service(std::string_view full_name, Method::Kind kind) {
  services_.push_back(std::make_unique<AsyncMethods>());
  service_names_.emplace_back(full_name);
  if (kind == Method::Kind::kTraffic) health_.add_service(std::string(full_name));
  return ServiceRoutes(*this, *services_.back(), full_name, kind);
}

absl::Status Server::start() {
  auto tls_files = open_tls_files(options_.tls);
  if (!tls_files.ok()) return tls_files.status();
  {
    const std::lock_guard lock(loops_mutex_);
    tls_files_ = *std::move(tls_files);
  }
  if (!options_.authorization_policy.empty()) {
    auto authorizer = Authorizer::open(options_.authorization_policy, options_.tls.refresh);
    if (!authorizer.ok()) return authorizer.status();
    authorizer_ = *std::move(authorizer);
  }
  grpc::ServerBuilder builder;
  const bool has_channelz = options_.channelz && authorizer_ == nullptr;
  if (has_channelz) service_names_.emplace_back(kChannelzService);
  set_channelz(builder, has_channelz);
  set_limits(builder, options_);
  leave_out_filters(builder);
  acceptor_ = std::make_unique<Acceptor>(
      builder.experimental().AddExternalConnectionAcceptor(
          grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
          server_credentials(tls_files_.get())),
      connections_, accounts_,
      Acceptor::Options{options_.max_connections, options_.tls.certificate.empty(), options_.frames,
                        options_.handshake_timeout, options_.write_timeout});
  if (absl::Status status = acceptor_->listen(options_.address); !status.ok()) return status;
  for (const auto& service : services_) builder.RegisterService(service.get());
  const ServerLoop::Shared shared{
      admission_,          admin_admission_,           connections_,
      accounts_,           options_.max_deadline,      options_.stream_idle,
      options_.access_log, authorizer_.get(),          tracer_,
      options_.limit,      max_message_bytes(options_)};
  {
    const std::lock_guard lock(loops_mutex_);
    for (int i = 0; i < options_.loops; ++i) {
      loops_.push_back(std::make_unique<ServerLoop>(
          absl::StrCat("weir-loop-", i), builder.AddCompletionQueue(), shared, methods_));
    }
  }
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    const std::lock_guard lock(loops_mutex_);
    loops_.clear();
    return absl::InternalError("gRPC could not start a server");
  }
  watchdog_.emplace([this](const LoopWatchdog::Blocked& blocked) { report_blocked(blocked); },
                    options_.blocked);
  for (const auto& loop : loops_) {
    watchdog_->watch(loop->event_loop(), loop->name());
    loop->start(options_.accept_slots);
  }
  acceptor_->start();
  return absl::OkStatus();
}

void Server::report_blocked(const LoopWatchdog::Blocked& blocked) {
  blocked_turns_.fetch_add(1, std::memory_order_relaxed);
  log::warning("loop is blocked",
               {{"loop", blocked.loop},
                {"lasted_ms", std::chrono::duration<double, std::milli>(blocked.lasted).count()},
                {"task", blocked.task},
                {"function", blocked.function.function_name()},
                {"file", blocked.function.file_name()},
                {"line", blocked.function.line()}});
}

std::optional<TlsFiles::Stats> Server::tls_stats() const {
  const std::lock_guard lock(loops_mutex_);
  if (tls_files_ == nullptr) return std::nullopt;
  return tls_files_->stats();
}

std::string Server::address() const { return acceptor_->address(); }

std::vector<ServerLoop::Straggler> Server::stragglers(Duration patience) {
  std::vector<ServerLoop::Straggler> all;
  for (const auto& loop : loops_) {
    for (ServerLoop::Straggler& one : loop->stragglers(patience)) all.push_back(std::move(one));
  }
  return all;
}

void Server::refuse_calls() {
  admission_.close();
  for (const auto& loop : loops_) loop->end_unread_calls();
}

void Server::cancel_calls(Method::Kind kind) {
  for (const auto& loop : loops_) loop->cancel_calls(kind);
}

// gRPC closes a connection as soon as it has written what it had. If the client then says anything,
// even that its window is wider, the kernel answers with a reset and drops what had not arrived.
// The kernel does not tell when a client has acknowledged everything, so it is asked again and
// again.
void Server::wait_for_last_answers(TimePoint limit) const {
  constexpr Duration kPause = std::chrono::milliseconds(1);
  while (admission_.in_progress() > 0 || connections_.have_unsent()) {
    if (std::chrono::steady_clock::now() + kPause > limit) return;
    std::this_thread::sleep_for(kPause);
  }
}

void Server::shut_down(Duration limit) {
  if (server_ == nullptr) return;
  admission_.close();
  close_door();
  cancel_calls(Method::Kind::kAdmin);
  const TimePoint last = std::chrono::steady_clock::now() + limit;
  wait_for_last_answers(last);
  limit = last - std::chrono::steady_clock::now();
  // Not on a loop: it waits for the loops to take their tags (asio-grpc#91), and always with a
  // deadline, for without one an open stream keeps it for ever (grpc#10324).
  server_->Shutdown(std::chrono::system_clock::now() + limit);
  for (const auto& loop : loops_) loop->join();
  watchdog_.reset();
  {
    const std::lock_guard lock(loops_mutex_);
    loops_.clear();  // the queues, after the server
  }
  server_.reset();
  acceptor_->stop();
}

}  // namespace weir::rpc
