// SPDX-License-Identifier: Apache-2.0
#pragma once

// The promise behind Task<T>: where its result goes, who is resumed when it ends, which context it
// inherited.

#include <coroutine>
#include <exception>
#include <source_location>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "async/context.h"
#include "async/detail/frame_allocator.h"
#include "async/detail/outcome.h"
#include "async/detail/task_node.h"

namespace weir {
template <class T = void>
class Task;
}

namespace weir::detail {

// Told when a task that was started as a child, not awaited, has ended. Returns what runs next.
class Completion {
 public:
  virtual std::coroutine_handle<> child_done() noexcept = 0;

 protected:
  ~Completion() = default;
};

template <class T>
inline constexpr bool kIsStatusOr = false;
template <class T>
inline constexpr bool kIsStatusOr<absl::StatusOr<T>> = true;
// The results that say of themselves whether they are an error.
template <class T>
inline constexpr bool kIsFallible = kIsStatusOr<T> || std::is_same_v<T, absl::Status>;

template <class T>
const absl::Status& status_of(const absl::StatusOr<T>& result) {
  return result.status();
}
inline const absl::Status& status_of(const absl::Status& result) { return result; }

class PromiseBase : public TaskNode {
 public:
  explicit PromiseBase(std::source_location function) : TaskNode(function) {}

  static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  static void operator delete(void* frame, std::size_t bytes) { free_frame(frame, bytes); }

  // Awaited: `parent` is resumed at the end.
  void inherit(PromiseBase& parent, std::coroutine_handle<> continuation) {
    start_awaited(parent.context(), parent, continuation);
  }
  // The same, under another context than the parent's.
  void start_awaited(const Context& context, PromiseBase& parent,
                     std::coroutine_handle<> continuation) {
    continuation_ = continuation;
    awaited_by(parent, context);
  }
  // Started beside others: `completion` is told at the end. `parent` is null for a root.
  void start(const Context& context, TaskNode* parent, Completion& completion) {
    link(context, parent, completion);
    now_runs();
  }
  // The same, to begin later.
  void link(const Context& context, TaskNode* parent, Completion& completion) {
    completion_ = &completion;
    if (parent != nullptr) {
      link_below(*parent, context);
    } else {
      link_as_root(context.loop(), context);
    }
  }
  // This task does nothing but await `other`, and goes by its name.
  void stand_for(const PromiseBase& other) {
    take_name_of(other);
    now_runs();
  }
  // At its end `propagate` is asked whether this awaited task gave its awaiter an error to end
  // with, see or_return. No virtual function: a table would cost every task two stores.
  using Propagate = bool (*)(PromiseBase& ended);
  void propagate_by(Propagate propagate) { propagate_ = propagate; }
  // Of a task that is awaited.
  PromiseBase& awaiter() const { return static_cast<PromiseBase&>(*parent()); }

  // The task has a result. Returns whom to resume.
  std::coroutine_handle<> finish() noexcept {
    PromiseBase* ended = this;
    while (ended->continuation_) {
      ended->is_awaited_no_more();
      if (ended->propagate_ == nullptr || !ended->propagate_(*ended)) return ended->continuation_;
      ended = &ended->awaiter();
    }
    ended->unlink();
    return ended->completion_->child_done();
  }

  // For the watchdog: the loop is about to begin or resume this task. Not said at each await, which
  // would cost it a third more.
  void now_runs() const { context().loop().turn().runs(function(), name()); }

  std::suspend_always initial_suspend() const noexcept { return {}; }

  // Knows the promise: g++ would have to load it from the frame, which the next task waits for.
  class FinalAwaiter {
   public:
    explicit FinalAwaiter(PromiseBase& ended) noexcept : ended_(ended) {}
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<>) const noexcept {
      return ended_.finish();
    }
    void await_resume() const noexcept {}

   private:
    PromiseBase& ended_;
  };
  FinalAwaiter final_suspend() noexcept { return FinalAwaiter(*this); }

 protected:
  ~PromiseBase() = default;

 private:
  Propagate propagate_ = nullptr;
  // One of the two, once it has begun: an awaited task has the first.
  std::coroutine_handle<> continuation_;
  Completion* completion_;
};

template <class T>
class Promise final : public PromiseBase {
 public:
  // A default argument here names the coroutine's own function, in g++ and clang alike.
  explicit Promise(std::source_location function = std::source_location::current())
      : PromiseBase(function) {}

  Task<T> get_return_object();

  template <class U = T>
    requires std::is_constructible_v<T, U&&>
  void return_value(U&& value) {
    outcome_.emplace(std::forward<U>(value));
  }
  void unhandled_exception() noexcept { outcome_.fail(std::current_exception()); }

  // After the task has ended; `take` once.
  T take() { return outcome_.take(); }
  bool threw() const { return outcome_.threw(); }
  const std::exception_ptr& exception() const { return outcome_.exception(); }

  // The error this task ended with, or null. Null for an exception.
  const absl::Status* error() const {
    if constexpr (kIsFallible<T>) {
      if (outcome_.has_value() && !outcome_.value().ok()) return &status_of(outcome_.value());
    }
    return nullptr;
  }
  // Ends the task with `error` where it is suspended. Its locals live until its frame goes.
  void set_error(const absl::Status& error)
    requires kIsFallible<T>
  {
    outcome_.emplace(error);
  }

 private:
  Outcome<T> outcome_;
};

template <>
class Promise<void> final : public PromiseBase {
 public:
  explicit Promise(std::source_location function = std::source_location::current())
      : PromiseBase(function) {}

  Task<void> get_return_object();
  void return_void() noexcept { outcome_.emplace(); }
  void unhandled_exception() noexcept { outcome_.fail(std::current_exception()); }

  void take() { (void)outcome_.take(); }
  bool threw() const { return outcome_.threw(); }
  const std::exception_ptr& exception() const { return outcome_.exception(); }
  const absl::Status* error() const { return nullptr; }

 private:
  Outcome<std::monostate> outcome_;
};

}  // namespace weir::detail
