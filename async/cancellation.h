// SPDX-License-Identifier: Apache-2.0
#pragma once

// CancellationToken: a request to stop, shared by whoever may ask and whoever must listen.
// Tokio: tokio_util::sync::CancellationToken, with the same verbs.
//
// Cancellation is a request, and scopes wait. Rust cancels by dropping a future; a coroutine with a
// pending query, tag or timer must not be destroyed. So `cancel` only asks: each leaf that waits
// ends promptly with a status, and the scope that asked waits until its children really stopped.
//
// Thread: every member may be called from any thread. `cancel` never resumes a coroutine inline; it
// posts to the loop of the one that waits (cppcoro#221 is the deadlock this avoids). What was done
// before `cancel` is visible to whoever sees the cancellation. A token is one allocation, a scope
// none. Nobody is told twice; those who wait are told in the order they came.

#include <atomic>
#include <memory>
#include <mutex>

#include "absl/status/status.h"
#include "async/detail/intrusive_list.h"

namespace weir {

enum class CancelReason : unsigned char { kNone, kCancelled, kDeadline };

// The status a leaf ends with: CANCELLED or DEADLINE_EXCEEDED; OK for kNone.
absl::Status to_status(CancelReason reason);

// Told once when its scope is cancelled. Called with the scope's lock held, on the canceller's
// thread: it may post and take locks of its own, but not touch a scope.
class CancelCallback : public detail::ListHook<CancelCallback> {
 public:
  virtual void on_cancel(CancelReason reason) = 0;

 protected:
  ~CancelCallback() = default;
};

// A node of the cancellation tree, held by value by whatever waits for its children: an RPC, a
// `timeout`, a `select`, a JoinSet. Cancelling a scope cancels all below it.
class CancelScope final : CancelCallback {
 public:
  CancelScope() = default;
  // `parent` may be null, and must outlive this.
  explicit CancelScope(CancelScope* parent);
  ~CancelScope();

  // The first call gives the reason; a later one can but make it abandoned.
  void cancel(CancelReason reason = CancelReason::kCancelled);

  bool is_cancelled() const { return reason() != CancelReason::kNone; }
  CancelReason reason() const { return reason_.load(std::memory_order_acquire); }
  absl::Status status() const { return to_status(reason()); }
  // Nobody will look at what its tasks yield: it, or a scope above it, was cancelled, be it after
  // its deadline. What a wait that has its answer cannot put back it then does not take.
  bool is_abandoned() const {
    const CancelScope* scope = this;
    while (scope != nullptr && !scope->abandoned_.load(std::memory_order_acquire)) {
      scope = scope->parent_;
    }
    return scope != nullptr;
  }

  // From here on `callback` will be told; if the scope is cancelled already it is told at once.
  void add(CancelCallback& callback);
  // After this `callback` is not running and will not be told. It need not be in the scope.
  void remove(CancelCallback& callback);

 private:
  void on_cancel(CancelReason reason) override { cancel(reason); }

  CancelScope* const parent_ = nullptr;
  std::atomic<CancelReason> reason_ = CancelReason::kNone;
  std::atomic<bool> abandoned_ = false;
  std::mutex mutex_;
  detail::IntrusiveList<CancelCallback, CancelCallback> callbacks_;
};

// A shared handle to a scope of its own. Copies are the same token; `child` makes one that is
// cancelled with this one, but not the other way round.
class CancellationToken {
 public:
  CancellationToken();

  void cancel() { state_->scope.cancel(); }
  bool is_cancelled() const { return state_->scope.is_cancelled(); }
  CancellationToken child() const;

  // co_await cancelled(token) is in async/cancelled.h: OK once the token is cancelled, or the
  // status of the waiting task's own cancellation.

  // The node of the tree behind it; valid as long as this token or a copy is.
  CancelScope& scope() const { return state_->scope; }

 private:
  struct State {
    explicit State(std::shared_ptr<State> up);
    std::shared_ptr<State> parent;  // declared before `scope`, which refers to it
    CancelScope scope;
  };
  explicit CancellationToken(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
};

}  // namespace weir
