// SPDX-License-Identifier: Apache-2.0
#pragma once

// select, select_fair: run tasks concurrently and take what the first of them yields. Tokio:
// select!.
//
//     std::variant<Message, absl::Status> first = co_await select(receive(rx), wait_for_stop());
//     if (first.index() == 1) ...
//
// Yields a variant by position (std::monostate for Task<void>). The tasks begin in the order of the
// arguments, so among several that are ready at once the first argument wins: Tokio's `biased`, and
// the default here because it can be foreseen, costs nothing, and puts "told to stop" before work.
// `select_fair` begins at an argument drawn at random, as Tokio's select! does by default: for
// loops in which a source that is always ready must not starve the others. The loop draws, and
// under test the seed.
//
// | Tokio                                        | here                                         |
// | "returning when the first branch completes,  | the losers are asked to stop and awaited:    |
// |  cancelling the remaining branches"          |  a pending operation cannot be destroyed     |
//
// What has not begun when there is a winner never does. What a loser still yields is discarded:
// whatever it had acquired is released by its destructor.
// Trap: a loser that ignores cancellation holds the select up. Thread: its loop's own. Allocates
// nothing beyond the tasks' frames.

#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

#include "async/detail/group.h"

namespace weir {
namespace detail {

enum class SelectOrder : unsigned char { kBiased, kFair };

template <SelectOrder kOrder, class... Ts>
class Select final : TupleGroup<Ts...> {
 public:
  using Result = std::variant<NonVoid<Ts>...>;

  explicit Select(Task<Ts>... tasks) : TupleGroup<Ts...>(std::move(tasks)...) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) {
    const Context& outer = parent.promise().context();
    scope_.emplace(&outer.scope());
    context_.emplace(outer.with_scope(*scope_));
    std::size_t first = 0;
    if constexpr (kOrder == SelectOrder::kFair) first = outer.loop().random() % sizeof...(Ts);
    return this->start_under(parent, *context_, first);
  }
  Result await_resume() {
    std::optional<Result> result;
    this->for_each_member([&](auto& member, auto index) {
      if (&member == winner_) result.emplace(std::in_place_index<index()>, member.take());
    });
    return *std::move(result);
  }

 private:
  void member_ended(Runnable& member) noexcept override {
    if (winner_ != nullptr) return;
    winner_ = &member;
    scope_->cancel();
  }

  bool is_decided() const noexcept override { return winner_ != nullptr; }

  std::optional<CancelScope> scope_;
  std::optional<Context> context_;
  Runnable* winner_ = nullptr;
};

}  // namespace detail

template <class... Ts>
[[nodiscard]] auto select(Task<Ts>... tasks) {
  return detail::Select<detail::SelectOrder::kBiased, Ts...>(std::move(tasks)...);
}

template <class... Ts>
[[nodiscard]] auto select_fair(Task<Ts>... tasks) {
  return detail::Select<detail::SelectOrder::kFair, Ts...>(std::move(tasks)...);
}

}  // namespace weir
