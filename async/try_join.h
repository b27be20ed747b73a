// SPDX-License-Identifier: Apache-2.0
#pragma once

// try_join, try_join_all: run tasks concurrently; the first error asks the rest to stop, and what
// has not begun by then never does.
// Tokio: try_join!, futures::future::try_join_all.
//
//     // absl::StatusOr<std::tuple<User, Posts>>
//     auto both = co_await try_join(users.find(id), posts.list(id));
//
// The tasks yield StatusOr or Status (std::monostate in the tuple). The result is every value, in
// order, or the error that came first in time. A task that throws counts as an error, and its
// exception is thrown at the end.
//
// | Tokio                                        | here                                         |
// | "returning when all branches complete with   | the rest are asked to stop and awaited; what |
// |  Ok(_) or on the first Err(_)"; the rest are |  they still answer is discarded              |
// |  dropped                                     |                                              |
//
// Thread: its loop's own. try_join allocates nothing beyond the tasks' frames.
// Trap: it ends when the last task does; one that ignores cancellation holds it up.

#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "async/detail/group.h"

namespace weir {
namespace detail {

template <class Result>
struct Unwrapped;
template <class T>
struct Unwrapped<absl::StatusOr<T>> {
  using type = T;
};
template <>
struct Unwrapped<absl::Status> {
  using type = std::monostate;
};

template <class Member>
auto take_value(Member& member) {
  using Result = decltype(member.take());
  if constexpr (kIsStatusOr<Result>) {
    return *member.take();
  } else {
    (void)member.take();
    return std::monostate();
  }
}

// The scope that the tasks share, and what went wrong first.
class FirstError {
 public:
  explicit FirstError(const Context& outer)
      : scope_(&outer.scope()), context_(outer.with_scope(scope_)) {}

  const Context& context() const { return context_; }
  const absl::Status& status() const { return status_; }
  bool is_there() const { return failed_; }

  // Looks at a member that has just ended.
  template <class Member>
  void look_at(const Member& member) {
    if (failed_) return;
    const absl::Status* error = member.error();
    if (error == nullptr && !member.threw()) return;
    failed_ = true;
    if (error != nullptr) status_ = *error;
    scope_.cancel();
  }

 private:
  CancelScope scope_;
  const Context context_;
  absl::Status status_;
  bool failed_ = false;
};

template <class... Results>
class TryJoin final : TupleGroup<Results...> {
 public:
  explicit TryJoin(Task<Results>... tasks) : TupleGroup<Results...>(std::move(tasks)...) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) {
    first_error_.emplace(parent.promise().context());
    return this->start_under(parent, first_error_->context());
  }
  absl::StatusOr<std::tuple<typename Unwrapped<Results>::type...>> await_resume() {
    this->for_each_member([](auto& member, auto) {
      if (member.threw()) (void)member.take();
    });
    if (!first_error_->status().ok()) return first_error_->status();
    return std::apply(
        [](auto&... members) {
          return std::tuple<typename Unwrapped<Results>::type...>{take_value(members)...};
        },
        this->members_);
  }

 private:
  void member_ended(Runnable& ended) noexcept override {
    this->for_each_member([&](auto& member, auto) {
      if (&member == &ended) first_error_->look_at(member);
    });
  }

  bool is_decided() const noexcept override { return first_error_->is_there(); }

  std::optional<FirstError> first_error_;
};

template <class Result>
class TryJoinAll final : RangeGroup<Result> {
 public:
  explicit TryJoinAll(std::vector<Task<Result>> tasks) : RangeGroup<Result>(std::move(tasks)) {}

  bool await_ready() const noexcept { return this->members_.empty(); }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) {
    first_error_.emplace(parent.promise().context());
    return this->start_under(parent, first_error_->context());
  }
  absl::StatusOr<std::vector<typename Unwrapped<Result>::type>> await_resume() {
    for (auto& member : this->members_) {
      if (member.threw()) (void)member.take();
    }
    if (first_error_ && !first_error_->status().ok()) return first_error_->status();
    std::vector<typename Unwrapped<Result>::type> values;
    values.reserve(this->members_.size());
    for (auto& member : this->members_) values.push_back(take_value(member));
    return values;
  }

 private:
  void member_ended(Runnable& ended) noexcept override {
    first_error_->look_at(static_cast<typename Group::template Member<Result>&>(ended));
  }

  bool is_decided() const noexcept override { return first_error_->is_there(); }

  std::optional<FirstError> first_error_;
};

}  // namespace detail

template <class... Results>
  requires(detail::kIsFallible<Results> && ...)
[[nodiscard]] auto try_join(Task<Results>... tasks) {
  return detail::TryJoin<Results...>(std::move(tasks)...);
}

template <class Result>
  requires detail::kIsFallible<Result>
[[nodiscard]] auto try_join_all(std::vector<Task<Result>> tasks) {
  return detail::TryJoinAll<Result>(std::move(tasks));
}

}  // namespace weir
