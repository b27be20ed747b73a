// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/server_call.h"

#include <grpc/grpc.h>
#include <grpc/support/time.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "async/task_tree.h"
#include "server/log.h"
#include "server/rpc/refusal.h"
#include "server/rpc/server_loop.h"
#include "server/status/details.h"
#include "telemetry/propagation.h"
#include "telemetry/tracer.h"

namespace weir::rpc {
namespace {

// The client's deadline on the loop's clock.
TimePoint deadline_of(const grpc::ServerContext& context) {
  const gpr_timespec deadline = gpr_convert_clock_type(context.raw_deadline(), GPR_CLOCK_MONOTONIC);
  // grpc-timeout can say 11,000 years, which is more than nanoseconds can count.
  constexpr auto kLatest = std::chrono::floor<std::chrono::seconds>(kForever.time_since_epoch());
  if (deadline.tv_sec >= kLatest.count()) return kForever;
  return TimePoint(std::chrono::seconds(deadline.tv_sec) +
                   std::chrono::nanoseconds(deadline.tv_nsec));
}

// gRPC's ipv4:127.0.0.1:50051, ipv6:%5B::1%5D:50051, unix:/path.
void tell_peer(absl::string_view peer, Span& span) {
  const std::size_t scheme = peer.find(':');
  if (scheme == absl::string_view::npos) return;
  const bool is_ip = absl::StartsWith(peer, "ipv");
  peer.remove_prefix(scheme + 1);
  int port = 0;
  const std::size_t colon = peer.rfind(':');
  if (is_ip && colon != absl::string_view::npos &&
      absl::SimpleAtoi(peer.substr(colon + 1), &port)) {
    span.set("network.peer.port", std::int64_t{port});
    peer = peer.substr(0, colon);
    if (absl::ConsumePrefix(&peer, "%5B")) absl::ConsumeSuffix(&peer, "%5D");
  }
  span.set("network.peer.address", peer);
}

}  // namespace

ServerCall::~ServerCall() {
  if (client_) hold(0);
  if (connection_ != nullptr) {
    if (read_ > FrameReader::kFree) {
      connection_->calls_read(-static_cast<std::int64_t>(read_ - FrameReader::kFree));
    }
    connection_->call_ended(/*was_read=*/read_ != 0);
  }
  if (is_linked()) weir::detail::IntrusiveList<ServerCall, ServerCall>::remove(*this);
}

void ServerCall::arrived() {
  loop_.accept_more(method_);
  EventLoop& loop = loop_.event_loop();
  arrival_ = loop.turn_time();
  CancelScope& scope = loop_.scope(method_.kind());
  const TimePoint latest = method_.length() == Method::Length::kBounded
                               ? saturating_add(arrival_, loop_.shared().max_deadline)
                               : kForever;
  const TimePoint deadline = deadline_of(grpc_);
  if (loop_.shared().tracer != nullptr) begin_span(std::min(deadline, latest));
  scope_.emplace(Context(loop, scope, kForever, span_.get()), std::min(deadline, latest));
  MethodCells& cells = loop_.cells().method(method_.number());
  cells.started.add();
  if (deadline != kForever) cells.deadline_left.add(deadline - arrival_);
}

void ServerCall::begin_span(TimePoint deadline) {
  if (method_.kind() == Method::Kind::kAdmin) return;
  telemetry::Tracer& tracer = *loop_.shared().tracer;
  const auto& metadata = grpc_.client_metadata();
  const auto find = [&](const char* name) {
    const auto header = metadata.find(name);
    if (header == metadata.end()) return absl::string_view();
    return absl::string_view(header->second.data(), header->second.size());
  };
  const auto parent = telemetry::parse_traceparent(find("traceparent"));
  const auto own = tracer.begin(parent ? &*parent : nullptr);
  if (!own) return;
  telemetry::SpanRef ref{&tracer, *own, telemetry::carry(find)};
  span_ = std::make_unique<Span>(std::move(ref), parent ? &*parent : nullptr, method_.name(),
                                 Span::Kind::kServer);
  span_->set("rpc.system.name", "grpc");
  span_->set("rpc.method", method_.name());
  tell_peer(grpc_.peer(), *span_);
  if (deadline != kForever) span_->set("weir.deadline_left_us", deadline - arrival_);
}

absl::Status ServerCall::admit() {
  if (absl::Status status = enter_client(); !status.ok()) return status;
  if (method_.kind() == Method::Kind::kAdmin) {
    place_ = loop_.shared().admin_admission.enter();
    if (!place_) return refuse(Refusal::kOverloaded);
    loop_.admin_call_arrived(*this);
    return context().status();
  }
  if (absl::Status status = check_client(); !status.ok()) return status;
  Admission& admission = loop_.shared().admission;
  place_ = admission.enter();
  if (!place_) return refuse(admission.is_closed() ? Refusal::kDraining : Refusal::kOverloaded);
  serial_ = loop_.call_arrived(*this);
  if (context().remaining() == Duration::zero()) return refuse(Refusal::kLate);
  return context().status();
}

absl::Status ServerCall::enter_client() {
  ConnectionCache::Caller caller = loop_.callers().caller_of(grpc_);
  connection_ = std::move(caller.connection);
  if (connection_ != nullptr) connection_->call_began();
  client_ = ClientAccount::call(std::move(caller.account));
  return client_ ? absl::OkStatus() : refuse(Refusal::kClientCalls);
}

absl::Status ServerCall::check_client() {
  const ServerLoop::Shared& shared = loop_.shared();
  if (shared.authorizer != nullptr) {
    absl::Status status = shared.authorizer->check(grpc_, method_.name());
    if (!status.ok()) {
      loop_.cells().refused(Refusal::kUnauthorized).add();
      return status;
    }
  }
  return client_->take(arrival_) ? absl::OkStatus() : refuse(Refusal::kClientRate);
}

absl::Status ServerCall::enter_method() {
  if (method_.kind() == Method::Kind::kAdmin) return context().status();
  Admission& admission = loop_.shared().admission;
  if (admission.is_pressed(arrival_) && priority() == Method::Priority::kBatch)
    return refuse(Refusal::kShed);
  MethodLimit* limit = loop_.limit(method_);
  if (limit != nullptr) {
    method_place_ = limit->try_enter(loop_.event_loop().turn_time());
    must_wait_ = !method_place_;
  }
  return context().status();
}

Task<absl::Status> ServerCall::wait_for_place() {
  MethodLimit& limit = *loop_.limit(method_);
  const Method::Priority priority = this->priority();
  if (priority == Method::Priority::kNormal) {
    loop_.shared().admission.press(loop_.event_loop().turn_time());
  }
  MethodLimit::Answer answer = co_await limit.wait(priority, *client_);
  if (answer.stood_in_line) {
    loop_.cells().line_time().add(loop_.event_loop().now() - arrival_);
  }
  if (answer.refusal) co_return refuse(*answer.refusal);
  method_place_ = std::move(answer.place);
  co_return std::move(answer.status);
}

Method::Priority ServerCall::priority() const {
  const auto& metadata = grpc_.client_metadata();
  const auto found = metadata.find("weir-priority");
  const bool says_so = found != metadata.end() && found->second == "batch";
  return says_so ? Method::Priority::kBatch : method_.priority();
}

absl::Status ServerCall::refuse(Refusal why) {
  loop_.cells().refused(why).add();
  if (const Duration wait = pushback(why); wait > Duration::zero()) {
    grpc_.AddTrailingMetadata(
        "grpc-retry-pushback-ms",
        absl::StrCat(std::chrono::duration_cast<std::chrono::milliseconds>(wait).count()));
  }
  return refusal(why);
}

std::size_t ServerCall::max_message_bytes() const { return loop_.shared().max_message_bytes; }

absl::Status ServerCall::accept(absl::Status request) {
  if (is_turned_away_) return gone();  // its request came at the same time
  if (!request.ok()) {
    const bool is_large = absl::IsResourceExhausted(request);
    loop_.cells().refused(is_large ? Refusal::kTooLarge : Refusal::kMalformed).add();
  }
  return request;
}

void ServerCall::has_result(const absl::Status& result) {
  const TimePoint now = loop_.event_loop().now();
  MethodCells& cells = loop_.cells().method(method_.number());
  cells.count_end(result.code());
  cells.duration.add(now - arrival_);
  // What failed at once says nothing about how long the work takes.
  if (method_place_ && (result.ok() || absl::IsDeadlineExceeded(result))) method_place_.done(now);
  method_place_ = MethodLimit::Place();
  if (span_ != nullptr) {
    span_->set("rpc.response.status_code", absl::StatusCodeToString(result.code()));
    if (is_server_failure(result.code())) span_->end_with(result);
  }
  if (loop_.access_log().wants(result.code(), now, loop_.event_loop())) {
    log_end(result, now - arrival_);
  }
  span_.reset();  // nothing of the handler is left that could be below it
}

void ServerCall::log_end(const absl::Status& result, Duration took) const {
  std::string trace_id;
  std::string span_id;
  if (span_ != nullptr) {
    const telemetry::TraceContext& trace = span_->ref().context;
    trace_id = telemetry::to_hex(trace.trace_id.data(), trace.trace_id.size());
    span_id = telemetry::to_hex(trace.span_id.data(), trace.span_id.size());
  }
  log::info("call", {{"method", method_.name()},
                     {"peer", grpc_.peer()},
                     {"code", absl::StatusCodeToString(result.code())},
                     {"duration_ms", std::chrono::duration<double, std::milli>(took).count()},
                     {"message", std::string(result.message())},
                     {"trace_id", trace_id},
                     {"span_id", span_id},
                     {"left_out", loop_.access_log().take_left_out()}});
}

absl::Status ServerCall::threw(const std::exception_ptr& exception) const {
  std::string what = "unknown exception";
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
  }
  log::write_limited(log::Level::kError, "handler threw",
                     {{"method", method_.name()}, {"error", what}});
  return absl::InternalError("internal error");
}

bool ServerCall::was_cut(const absl::Status& result) const {
  return absl::IsCancelled(result) && !is_done_ &&
         context().scope().reason() == CancelReason::kCancelled;
}

absl::Status ServerCall::cut() const {
  return status::Error(absl::StatusCode::kUnavailable, "CUT_BY_SHUTDOWN",
                       "the server shut down before the call was done; it may have taken effect");
}

std::string ServerCall::describe_wait() const { return dump_task(task_, loop_.event_loop().now()); }

absl::Status ServerCall::gone() const {
  if (is_turned_away_) {
    loop_.cells().refused(Refusal::kDraining).add();
    return refusal(Refusal::kDraining);
  }
  if (context().is_cancelled()) return context().status();
  return absl::CancelledError("the client is gone");
}

void ServerCall::about_to_write() {
  has_written_ = true;
  loop_.writes().gather();
}

void ServerCall::end_if_idle(TimePoint since) const {
  if (*std::min_element(owes_since_.begin(), owes_since_.end()) > since) return;
  context().scope().cancel(CancelReason::kDeadline);
}

void ServerCall::end_if_unread() {
  if (owes_since_[static_cast<std::size_t>(Owes::kRequest)] == TimePoint::max()) return;
  is_turned_away_ = true;
  const std::string message(refusal(Refusal::kDraining).message());
  grpc_call_cancel_with_status(grpc_.c_call(), GRPC_STATUS_UNAVAILABLE, message.c_str(), nullptr);
}

void ServerCall::message_came(std::size_t bytes) {
  if (connection_ == nullptr) return;
  const std::uint64_t before = std::max(read_, FrameReader::kFree);
  read_ += bytes;
  if (read_ > before) connection_->calls_read(static_cast<std::int64_t>(read_ - before));
  connection_->message_came(bytes);
}

void ServerCall::hold(std::size_t bytes) {
  // Small ones are part of what a call takes anyway.
  constexpr std::size_t kSmall = 4096;
  if (bytes < kSmall) bytes = 0;
  if (bytes == held_) return;
  client_->hold(bytes);
  client_->release(std::exchange(held_, bytes));
}

void ServerCall::DoneTag::complete(bool) {
  call_.is_done_ = true;
  if (call_.grpc_.IsCancelled() && call_.scope_) {
    // The client cancels at its deadline too, maybe a moment before our timer: say which it was.
    const bool late = call_.context().remaining() == Duration::zero();
    call_.scope_->cancel(late ? CancelReason::kDeadline : CancelReason::kCancelled);
  }
  if (call_.awaits_done_) call_.awaits_done_.resume();
}

}  // namespace weir::rpc
