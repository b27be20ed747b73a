// SPDX-License-Identifier: Apache-2.0
#pragma once

// map, then, filter, take, chunks: streams made of another, one item at a time. Tokio: StreamExt's
// adapters of the same names.
//
//     Stream<User> adults = filter(map(std::move(rows), to_user), is_adult);
//     Stream<std::vector<User>> batches = chunks(std::move(adults), 100);
//
// map and filter take a function of a value, then one that returns a Task. In a Stream<StatusOr<T>>
// they are given the T and errors pass by unchanged. A function that fails returns StatusOr.
//
// They run in the reader's next(), hold one item (chunks: n) and spawn nothing. What a cancelled
// next() loses is what the stream below loses; then loses the item it was working on, chunks keeps
// what it has gathered.
//
// Trap: the function lives in the stream (and in the tasks it makes, if it makes tasks). What it
// refers to must outlive them.

#include <cassert>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "async/detail/stream_items.h"
#include "async/stream.h"

namespace weir {

namespace detail {

template <class T>
inline constexpr bool kIsTask = false;
template <class T>
inline constexpr bool kIsTask<Task<T>> = true;

template <class F, class V>
auto call_shared(std::shared_ptr<F> fn, V value) -> std::invoke_result_t<F&, V> {
  co_return co_await (*fn)(std::move(value));
}

// A function that makes tasks with captures lives as long as its tasks, which may outlive the
// stream that they came from: a coroutine keeps the captures in the function object.
template <class V, class F>
auto outliving(F fn) {
  if constexpr (kIsTask<std::invoke_result_t<F&, V>> && std::is_class_v<F> && !std::is_empty_v<F>) {
    return [shared = std::make_shared<F>(std::move(fn))](V value) {
      return call_shared(shared, std::move(value));
    };
  } else {
    return fn;
  }
}

}  // namespace detail

template <class T, class F, class R = std::invoke_result_t<F&, detail::ItemValue<T>>>
Stream<detail::Mapped<T, R>> map(Stream<T> in, F fn) {
  auto make = detail::outliving<detail::ItemValue<T>>(std::move(fn));
  while (std::optional<T> item = co_await in.next()) {
    if constexpr (detail::kIsStatusOr<T>) {
      if (!item->ok()) {
        co_yield item->status();
        continue;
      }
    }
    co_yield make(std::move(detail::value_in(*item)));
  }
}

// map with a function that awaits: `fn` returns a Task, and one runs at a time. For more at once
// see async/stream/buffered.h.
template <class T, class F,
          class R = typename std::invoke_result_t<F&, detail::ItemValue<T>>::value_type>
Stream<detail::Mapped<T, R>> then(Stream<T> in, F fn) {
  while (std::optional<T> item = co_await in.next()) {
    if constexpr (detail::kIsStatusOr<T>) {
      if (!item->ok()) {
        co_yield item->status();
        continue;
      }
    }
    R result = co_await fn(std::move(detail::value_in(*item)));
    co_yield std::move(result);
  }
}

// Those for which `keep(const value&)` is true, and all errors.
template <class T, class F>
Stream<T> filter(Stream<T> in, F keep) {
  while (std::optional<T> item = co_await in.next()) {
    if (detail::is_error(*item) || keep(std::as_const(detail::value_in(*item)))) {
      co_yield *std::move(item);
    }
  }
}

// The first `count` items, errors included. Does not ask for one more, and lets go of the stream
// below as soon as the reader asks beyond the last.
template <class T>
Stream<T> take(Stream<T> in, std::size_t count) {
  for (; count > 0; --count) {
    std::optional<T> item = co_await in.next();
    if (!item.has_value()) break;
    co_yield *std::move(item);
  }
}

// Vectors of `size` items, the last one shorter, none empty. An error comes out after the values
// before it. Does not wait for the clock: with a slow stream the first of a chunk waits for the
// last.
template <class T>
Stream<detail::Mapped<T, std::vector<detail::ItemValue<T>>>> chunks(Stream<T> in,
                                                                    std::size_t size) {
  assert(size > 0);
  std::vector<detail::ItemValue<T>> chunk;
  while (std::optional<T> item = co_await in.next()) {
    const bool is_error = detail::is_error(*item);
    if (!is_error) chunk.push_back(std::move(detail::value_in(*item)));
    if (chunk.size() == size || (is_error && !chunk.empty())) {
      co_yield std::exchange(chunk, {});
    }
    if constexpr (detail::kIsStatusOr<T>) {
      if (is_error) co_yield item->status();
    }
  }
  if (!chunk.empty()) co_yield std::move(chunk);
}

}  // namespace weir
