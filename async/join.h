// SPDX-License-Identifier: Apache-2.0
#pragma once

// join, join_all: run tasks concurrently on this loop and wait for all. Tokio: join!, join_all.
//
//     auto [user, posts] = co_await join(users.find(id), posts.list(id));
//     std::vector<int> all = co_await join_all(std::move(tasks));
//
// join yields a tuple in the order of the arguments (std::monostate for Task<void>), join_all a
// vector in the order of the tasks. No task stops because another failed: see async/try_join.h for
// that. If any threw, the first of them in order is thrown once all have ended.
//
// Thread: its loop's own. join allocates nothing beyond the tasks' frames, join_all its lists.
// Trap: join_all starts all at once. Bound it where the number of tasks comes from outside.

#include <tuple>
#include <utility>
#include <vector>

#include "async/detail/group.h"

namespace weir {
namespace detail {

template <class... Ts>
class Join final : TupleGroup<Ts...> {
 public:
  explicit Join(Task<Ts>... tasks) : TupleGroup<Ts...>(std::move(tasks)...) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) {
    return this->start_under(parent, parent.promise().context());
  }
  std::tuple<NonVoid<Ts>...> await_resume() {
    return std::apply(
        [](auto&... members) { return std::tuple<NonVoid<Ts>...>{members.take()...}; },
        this->members_);
  }
};

template <class T>
class JoinAll final : RangeGroup<T> {
 public:
  explicit JoinAll(std::vector<Task<T>> tasks) : RangeGroup<T>(std::move(tasks)) {}

  bool await_ready() const noexcept { return this->members_.empty(); }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) {
    return this->start_under(parent, parent.promise().context());
  }
  std::vector<NonVoid<T>> await_resume() {
    std::vector<NonVoid<T>> results;
    results.reserve(this->members_.size());
    for (auto& member : this->members_) results.push_back(member.take());
    return results;
  }
};

}  // namespace detail

template <class... Ts>
[[nodiscard]] auto join(Task<Ts>... tasks) {
  return detail::Join<Ts...>(std::move(tasks)...);
}

template <class T>
[[nodiscard]] auto join_all(std::vector<Task<T>> tasks) {
  return detail::JoinAll<T>(std::move(tasks));
}

}  // namespace weir
