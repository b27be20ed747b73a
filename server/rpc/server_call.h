// SPDX-License-Identifier: Apache-2.0
#pragma once

// ServerCall: what one call needs whatever its shape: gRPC's context, the arena of its messages,
// the Context its handler runs under, and the rules about its end.
//
// The life of a call, as serve.h writes it down:
//   expect()    arm the done tag, then request a call from gRPC
//   arrived()   the request tag came back ok: another slot takes this one's place, and the deadline
//               and the client's cancellation reach the handler's Context
//   admit()     take a place, or refuse; then read the request, if it has just one
//   enter_method()   take a place of the method, or wait in its line
//   ...         run the handler under context(), then Finish
//   ended()     wait for the done tag
//
// The done tag of AsyncNotifyWhenDone comes only if the request tag came back ok (grpc#10136), and
// the call is freed only when both it and Finish's are back (grpc#20155, #17222): the coroutine
// that owns the call awaits both. Thread: the loop's own.

#include <google/protobuf/arena.h>
#include <grpcpp/server_context.h>

#include <array>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "async/detail/deadline_scope.h"
#include "async/detail/intrusive_list.h"
#include "async/task.h"
#include "rpc/tag.h"
#include "server/rpc/admission.h"
#include "server/rpc/call_cells.h"
#include "server/rpc/client_account.h"
#include "server/rpc/connection.h"
#include "server/rpc/method.h"
#include "server/rpc/method_limit.h"
#include "telemetry/span.h"

namespace weir::rpc {

class ServerCall final : public weir::detail::ListHook<ServerCall> {
 public:
  // `task` serves the call and holds this.
  ServerCall(ServerLoop& loop, const Method& method, const CurrentTask& task)
      : loop_(loop), method_(method), task_(task) {}
  ~ServerCall();

  grpc::ServerContext& grpc() { return grpc_; }
  const Method& method() const { return method_; }
  TimePoint arrival() const { return arrival_; }
  // Null if its trace is not sampled, and after its end.
  const Span* span() const { return span_.get(); }

  // A message that lives as long as the call.
  template <class Message>
  Message* make_message() {
    return google::protobuf::Arena::CreateMessage<Message>(&arena_);
  }

  // Of a message that the client sends.
  std::size_t max_message_bytes() const;

  void expect() { grpc_.AsyncNotifyWhenDone(static_cast<Tag*>(&done_)); }
  void arrived();
  // OK, or the refusal to finish the call with.
  absl::Status admit();
  // The same, once its request has come.
  absl::Status enter_method();
  // Entered, but the line of its method: then, under context(), the same once more.
  bool must_wait() const { return must_wait_; }
  Task<absl::Status> wait_for_place();
  // The same for what is wrong with the request, or OK.
  absl::Status accept(absl::Status request);
  // The handler's: its deadline is the client's or the server's maximum, its scope is cancelled
  // when the client leaves, the deadline passes or the drain cuts.
  const Context& context() const { return scope_->context(); }
  // A handler must not throw. INTERNAL for one that did, with the details in the log only.
  absl::Status threw(const std::exception_ptr& exception) const;

  // Whether a handler's CANCELLED means that the server cut it short, not that the client left; and
  // what the client is then told: UNAVAILABLE, for the work may or may not have been done.
  bool was_cut(const absl::Status& result) const;
  absl::Status cut() const;

  // What the client is about to be told: counts it, and perhaps logs it.
  void has_result(const absl::Status& result);

  // The task tree of the call, one line a task.
  std::string describe_wait() const;
  const CurrentTask& task() const { return task_; }
  // Grows from call to call of a loop.
  std::uint64_t serial() const { return serial_; }

  // Before each operation that writes: lets the answers of one turn share a write.
  void about_to_write();
  bool has_written() const { return has_written_; }

  // Why an operation of the call has failed.
  absl::Status gone() const;

  // While one lives, the client owes the call something.
  enum class Owes : unsigned char { kRequest, kMessage, kRoom };
  class ClientOwes {
   public:
    ClientOwes(ServerCall& call, Owes what);
    ~ClientOwes() { since_ = TimePoint::max(); }
    ClientOwes(const ClientOwes&) = delete;
    ClientOwes& operator=(const ClientOwes&) = delete;

   private:
    TimePoint& since_;
  };
  // Ends it if its client has owed it something for as long as that.
  void end_if_idle(TimePoint since) const;
  // Ends it if its request has not come: the server is going away, and has done nothing for it.
  void end_if_unread();
  // A message has come through, of so many bytes as it came.
  void message_came(std::size_t bytes);
  // Its client's; from `admit` on.
  ClientAccount& client() { return *client_; }
  // Bytes of an answer are held for its client from now on, in place of those before.
  void hold(std::size_t bytes);
  // Its client has not taken so much that it is given no more.
  bool client_holds_too_much() const { return client_->holds_too_much(); }
  // The refusal of an answer to it.
  absl::Status refuse_answer() { return refuse(Refusal::kClientBytes); }

  class Ended;
  // co_await after Finish's tag has come back; then nothing of the call is left inside gRPC.
  Ended ended();

 private:
  void begin_span(TimePoint deadline);
  void log_end(const absl::Status& result, Duration took) const;
  absl::Status enter_client();
  absl::Status check_client();
  Method::Priority priority() const;
  absl::Status refuse(Refusal why);

  class DoneTag final : public Tag {
   public:
    explicit DoneTag(ServerCall& call) : call_(call) {}
    void complete(bool ok) override;

   private:
    ServerCall& call_;
  };

  ServerLoop& loop_;
  const Method& method_;
  const CurrentTask& task_;
  grpc::ServerContext grpc_;
  DoneTag done_{*this};
  bool is_done_ = false;
  bool has_written_ = false;
  bool must_wait_ = false;
  bool is_turned_away_ = false;  // unread
  std::coroutine_handle<> awaits_done_;
  TimePoint arrival_{};
  std::uint64_t serial_ = 0;
  std::unique_ptr<Span> span_;  // if the trace is sampled
  std::optional<weir::detail::DeadlineScope> scope_;
  std::array<TimePoint, 3> owes_since_{TimePoint::max(), TimePoint::max(), TimePoint::max()};
  std::shared_ptr<Connection> connection_;  // null: of a socket file
  ClientAccount::CallPlace client_;
  std::size_t held_ = 0;
  std::uint64_t read_ = 0;  // bytes of messages
  Admission::Place place_;
  MethodLimit::Place method_place_;

  // Most requests fit: no allocation for them.
  std::array<char, 384> first_block_;
  google::protobuf::Arena arena_{first_block_.data(), first_block_.size()};
};

class ServerCall::Ended {
 public:
  explicit Ended(ServerCall& call) : call_(call) {}
  bool await_ready() const noexcept { return call_.is_done_; }
  void await_suspend(std::coroutine_handle<> self) noexcept { call_.awaits_done_ = self; }
  void await_resume() const noexcept {}

 private:
  ServerCall& call_;
};

inline ServerCall::ClientOwes::ClientOwes(ServerCall& call, Owes what)
    : since_(call.owes_since_[static_cast<std::size_t>(what)]) {
  since_ = call.context().loop().turn_time();
}

inline ServerCall::Ended ServerCall::ended() { return Ended(*this); }

}  // namespace weir::rpc
