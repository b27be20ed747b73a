// SPDX-License-Identifier: Apache-2.0
#pragma once

// buffered, buffer_unordered: run the tasks of a stream, at most n at a time, and yield their
// results. Tokio: StreamExt's adapters of the same names (folly: collectAllWindowed).
//
//     co_await with_scope([&](TaskScope& scope) -> Task<absl::Status> {
//       Stream<Task<absl::StatusOr<User>>> calls = map(iter(std::move(ids)), find_user);
//       Stream<absl::StatusOr<User>> users = buffer_unordered(scope, std::move(calls), 8);
//       while (std::optional<User> user = co_await or_return(try_next(users))) ...
//     });
//
// buffered yields in the order of the tasks, buffer_unordered in the order of their ends. n counts
// tasks that run and results that wait to be read, so a reader that stops reading stops the work.
// A result that cannot carry an error becomes StatusOr. An error is an item and stops nothing, and
// errors of a Stream<StatusOr<Task>> take their places among the results.
//
// Where Tokio's tasks only move while the stream is polled (a reader that awaits something else
// holds them up, sometimes for ever), these run in `scope` by themselves, from the first next() on,
// with its cancellation and deadline. A cancelled next() yields its status and loses nothing.
// Destroying the stream asks the tasks to stop; the scope waits for them.
//
// Trap: the tasks outlive the body of the scope, so they may refer to what is outside with_scope
// only; a function given to `map` lives as long as its tasks. A task that throws ends
// the whole scope.

#include <cassert>
#include <cstddef>
#include <utility>

#include "async/detail/read_ahead.h"

namespace weir {
namespace detail {

enum class Order : unsigned char { kOfStarts, kOfEnds };

template <class Item>
using BufferedItem = Fallible<typename ItemValue<Item>::value_type>;

template <class Out, class R>
Task<void> run_in_place(AheadQueue<Out>& queue, Task<R> task, std::size_t place) {
  R result = co_await std::move(task);
  queue.put(place, std::move(result));
}

template <class Out, class R>
Task<void> run_unordered(AheadQueue<Out>& queue, Task<R> task, Permit permit) {
  R result = co_await std::move(task);
  queue.push(std::move(permit), std::move(result));
}

template <Order kOrder, class Item>
Stream<BufferedItem<Item>> buffer(TaskScope& scope, Stream<Item> tasks, std::size_t limit) {
  using Out = BufferedItem<Item>;
  assert(limit > 0);
  auto produce = [in = std::move(tasks)](AheadQueue<Out>& queue,
                                         TaskScope& running) mutable -> Task<absl::Status> {
    for (;;) {
      Permit permit = co_await or_return(co_await queue.room.acquire());
      std::optional<Item> task = co_await in.next();
      if (!task.has_value()) co_return co_await own_status();
      if constexpr (kIsStatusOr<Item>) {
        if (!task->ok()) {
          queue.push(std::move(permit), task->status());
          continue;
        }
      }
      auto& next = value_in(*task);
      if constexpr (kOrder == Order::kOfStarts) {
        running.spawn(run_in_place(queue, std::move(next), queue.reserve(std::move(permit))));
      } else {
        running.spawn(run_unordered(queue, std::move(next), std::move(permit)));
      }
    }
  };
  return read_ahead<Out>(scope, limit, std::move(produce));
}

}  // namespace detail

template <class Item>
auto buffered(TaskScope& scope, Stream<Item> tasks, std::size_t limit) {
  return detail::buffer<detail::Order::kOfStarts>(scope, std::move(tasks), limit);
}

template <class Item>
auto buffer_unordered(TaskScope& scope, Stream<Item> tasks, std::size_t limit) {
  return detail::buffer<detail::Order::kOfEnds>(scope, std::move(tasks), limit);
}

}  // namespace weir
