// SPDX-License-Identifier: Apache-2.0
#pragma once

// merge: the items of several streams, each as it comes. Tokio: StreamExt::merge,
// futures::stream::select_all.
//
//     Stream<absl::StatusOr<Event>> all = merge(scope, std::move(orders), std::move(ticks));
//
// This is the select loop over streams: nothing is cancelled when another source is quicker, so
// nothing is lost. Each source is read by a task of `scope`, from the first next() on, one item
// ahead; a quick source cannot starve a slow one. It ends when all have. Items that cannot carry an
// error become StatusOr; an error is an item and stops nothing. A cancelled next() yields its
// status and loses nothing. Destroying it asks the sources to stop; the scope waits for them.
//
// Trap: the sources outlive the body of the scope: see async/with_scope.h.

#include <cstddef>
#include <utility>
#include <vector>

#include "async/detail/read_ahead.h"

namespace weir {
namespace detail {

template <class T>
Task<absl::Status> pump(AheadQueue<Fallible<T>>& queue, Stream<T>& source) {
  for (;;) {
    Permit permit = co_await or_return(co_await queue.room.acquire());
    std::optional<T> item = co_await source.next();
    if (!item.has_value()) co_return co_await own_status();
    queue.push(std::move(permit), *std::move(item));
  }
}

}  // namespace detail

template <class T>
Stream<detail::Fallible<T>> merge(TaskScope& scope, std::vector<Stream<T>> sources) {
  using Out = detail::Fallible<T>;
  const std::size_t count = sources.size();
  auto produce = [in = std::move(sources)](detail::AheadQueue<Out>& queue,
                                           TaskScope& pumps) mutable -> Task<absl::Status> {
    for (Stream<T>& source : in) pumps.spawn(detail::pump(queue, source));
    co_return absl::OkStatus();
  };
  return detail::read_ahead<Out>(scope, count, std::move(produce));
}

template <class T, class... Streams>
Stream<detail::Fallible<T>> merge(TaskScope& scope, Stream<T> first, Streams... others) {
  std::vector<Stream<T>> sources;
  sources.reserve(1 + sizeof...(others));
  sources.push_back(std::move(first));
  (sources.push_back(std::move(others)), ...);
  return merge(scope, std::move(sources));
}

}  // namespace weir
