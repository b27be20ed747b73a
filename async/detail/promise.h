// SPDX-License-Identifier: Apache-2.0
#pragma once

// The promise behind Task<T>: where its result goes, who is resumed when it ends, which context it
// inherited.

#include <cassert>
#include <coroutine>
#include <exception>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "async/context.h"
#include "async/detail/frame_allocator.h"
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

  const Context& context() const { return *context_; }

  // Awaited: `parent` is resumed at the end.
  void inherit(PromiseBase& parent, std::coroutine_handle<> continuation) {
    start_awaited(*parent.context_, parent, continuation);
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
  // An error of this task becomes its parent's, see or_return.
  void propagate_error() { propagates_ = true; }

  // The error this task ended with, or null. Null for an exception.
  virtual const absl::Status* error() const = 0;
  // Ends the task with `error` where it is suspended. Its locals live until its frame goes.
  virtual void set_error(const absl::Status& error) = 0;

  bool threw() const { return exception_ != nullptr; }
  void rethrow_if_thrown() const {
    if (exception_) std::rethrow_exception(exception_);
  }
  const std::exception_ptr& exception() const { return exception_; }

  // The task has a result. Returns whom to resume.
  std::coroutine_handle<> finish() noexcept {
    PromiseBase* ended = this;
    ended->unlink();
    while (ended->propagates_) {
      const absl::Status* error = ended->error();
      if (error == nullptr) break;
      auto* parent = static_cast<PromiseBase*>(ended->parent_);  // only an awaited task propagates
      parent->set_error(*error);
      ended = parent;
      ended->unlink();
    }
    if (ended->completion_ != nullptr) return ended->completion_->child_done();
    return ended->continuation_;
  }

  // For the watchdog: the loop is about to begin or resume this task. Not said at each await, which
  // would cost it a third more.
  void now_runs() const { context_->loop().turn().runs(function(), name()); }

  std::suspend_always initial_suspend() const noexcept { return {}; }

  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      return ended.promise().finish();
    }
    void await_resume() const noexcept {}
  };
  FinalAwaiter final_suspend() const noexcept { return {}; }

  void unhandled_exception() noexcept { exception_ = std::current_exception(); }

 protected:
  ~PromiseBase() = default;

 private:
  std::coroutine_handle<> continuation_;
  Completion* completion_ = nullptr;
  std::exception_ptr exception_;
  bool propagates_ = false;
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
    value_.emplace(std::forward<U>(value));
  }

  // Once, after the task has ended.
  T take() {
    rethrow_if_thrown();
    assert(value_.has_value());
    return std::move(*value_);
  }

  const absl::Status* error() const override {
    if constexpr (kIsFallible<T>) {
      if (value_.has_value() && !value_->ok()) return &status_of(*value_);
    }
    return nullptr;
  }
  void set_error([[maybe_unused]] const absl::Status& error) override {
    if constexpr (kIsFallible<T>) value_.emplace(error);
  }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> final : public PromiseBase {
 public:
  explicit Promise(std::source_location function = std::source_location::current())
      : PromiseBase(function) {}

  Task<void> get_return_object();
  void return_void() const noexcept {}
  void take() const { rethrow_if_thrown(); }
  const absl::Status* error() const override { return nullptr; }
  void set_error(const absl::Status&) override {}
};

}  // namespace weir::detail
