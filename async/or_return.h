// SPDX-License-Identifier: Apache-2.0
#pragma once

// or_return: the value, or an early end with the error. Rust: the `?` operator.
//
//     Task<absl::StatusOr<Dashboard>> dashboard(int64_t id) {
//       User user = co_await or_return(users.find(id));   // ends here with find's error, if any
//
// Takes a Task of StatusOr or Status, or such a value itself (`or_return(co_await leaf())`), inside
// a coroutine that returns StatusOr or Status. The status passes unchanged, through any number of
// callers in one step.
//
// Trap: the coroutine ends where it stands; its locals are destroyed before its awaiter goes on,
// exactly as after co_return.

#include <concepts>
#include <type_traits>
#include <utility>

#include "async/task.h"

namespace weir {
namespace detail {

template <class T>
auto unwrap(absl::StatusOr<T> result) {
  return *std::move(result);
}
inline void unwrap(const absl::Status&) {}

template <class Promise>
inline constexpr bool kEndsWithStatus = false;
template <class T>
inline constexpr bool kEndsWithStatus<Promise<T>> = kIsFallible<T>;

// True if `ended`, a task of Result that is awaited by a coroutine with a Parent, gave it an error.
template <class Result, class Parent>
bool propagate_error(PromiseBase& ended) {
  const absl::Status* error = static_cast<Promise<Result>&>(ended).error();
  if (error == nullptr) return false;
  static_cast<Parent&>(ended.awaiter()).set_error(*error);
  return true;
}

template <class Result>
class TaskOrReturn {
 public:
  explicit TaskOrReturn(Task<Result> task) : task_(std::move(task)) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) noexcept {
    static_assert(kEndsWithStatus<Promise>, "or_return needs a coroutine of StatusOr or Status");
    PromiseBase& promise = task_.coroutine().promise();
    promise.propagate_by(propagate_error<Result, Promise>);
    promise.inherit(parent.promise(), parent);
    return task_.coroutine();
  }
  auto await_resume() { return unwrap(task_.take()); }

 private:
  Task<Result> task_;
};

template <class Result>
class ValueOrReturn {
 public:
  explicit ValueOrReturn(Result result) : result_(std::move(result)) {}

  bool await_ready() const noexcept { return result_.ok(); }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
    static_assert(kEndsWithStatus<Promise>, "or_return needs a coroutine of StatusOr or Status");
    self.promise().set_error(status_of(result_));
    return self.promise().finish();
  }
  auto await_resume() { return unwrap(std::move(result_)); }

 private:
  Result result_;
};

}  // namespace detail

template <class Result>
  requires detail::kIsFallible<Result>
[[nodiscard]] auto or_return(Task<Result> task) {
  return detail::TaskOrReturn<Result>(std::move(task));
}

template <class Result>
  requires detail::kIsFallible<std::remove_cvref_t<Result>>
[[nodiscard]] auto or_return(Result&& result) {
  return detail::ValueOrReturn<std::remove_cvref_t<Result>>(std::forward<Result>(result));
}

}  // namespace weir
