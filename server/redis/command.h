// SPDX-License-Identifier: Apache-2.0
#pragma once

// Command: the leaf that sends a command to Redis and suspends until it is answered. It lives in
// the waiting coroutine's frame and is itself the node of the client's queues: a command costs no
// allocation beyond hiredis's own and the value's.
//
// Who may touch it. From `submit` until it is completed it belongs to the I/O thread. A caller that
// is told to stop only asks: the I/O thread takes the command out of where it is, leaves an empty
// slot for the reply that is still to come (replies are known by their order alone), and completes
// it. So nobody ever refers to a frame that is gone.

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "async/detail/intrusive_list.h"
#include "async/detail/waiter.h"
#include "server/redis/reply.h"
#include "server/redis/resp.h"
#include "telemetry/span.h"

namespace weir::redis {

class Connection;
class Inbox;

class Command : protected weir::detail::Waiter,
                public weir::detail::ListHook<>,
                public weir::detail::ListHook<struct CancelRequests> {
 public:
  bool await_ready() const noexcept { return false; }

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    status_ = self.promise().context().status();
    if (!status_.ok()) return false;
    began(self, "redis", where_);
    if (context().span() != nullptr) begin_span();
    if (!submit()) return false;
    context().loop().outside_work_began();
    suspended_ = true;
    watch_cancellation();
    return true;
  }

 protected:
  Command(Inbox& inbox, std::source_location where) : inbox_(inbox), where_(where) {}
  ~Command() = default;

  // What was answered; for await_resume.
  absl::StatusOr<Reply> finish();

  Request request_;

 private:
  friend class Inbox;
  friend class IoThread;
  friend class Connection;

  void begin_span();
  bool submit();
  void on_cancel(CancelReason reason) override;

  Inbox& inbox_;
  const std::source_location where_;
  absl::Status status_;
  Reply reply_;
  bool suspended_ = false;
  std::unique_ptr<Span> span_;  // if the trace is sampled

  // Guarded by the inbox's lock.
  CancelReason cancel_reason_ = CancelReason::kNone;
  bool completed_ = false;

  // The I/O thread's.
  TimePoint give_up_at_{};
  Connection* connection_ = nullptr;  // where it was sent
  std::uint64_t sequence_ = 0;        // its place among what was sent there
  bool settled_ = false;              // it has its answer and will be completed in this turn
};

class [[nodiscard]] Get final : public Command {
 public:
  Get(Inbox& inbox, absl::string_view key, std::source_location where);
  absl::StatusOr<std::optional<std::string>> await_resume();
};

class [[nodiscard]] Set final : public Command {
 public:
  Set(Inbox& inbox, absl::string_view key, absl::string_view value, Duration ttl,
      std::source_location where);
  absl::Status await_resume();
};

class [[nodiscard]] Del final : public Command {
 public:
  Del(Inbox& inbox, absl::string_view key, std::source_location where);
  absl::StatusOr<std::int64_t> await_resume();
};

class [[nodiscard]] Call final : public Command {
 public:
  Call(Inbox& inbox, absl::Span<const absl::string_view> command, std::source_location where);
  absl::StatusOr<Reply> await_resume();
};

}  // namespace weir::redis
