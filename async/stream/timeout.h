// SPDX-License-Identifier: Apache-2.0
#pragma once

// timeout(after, stream): a bound on the wait for each item. Tokio: StreamExt::timeout.
//
//     Stream<absl::StatusOr<Event>> events = timeout(30s, std::move(feed));
//
// Each next() runs under a deadline of its own. When it passes, the stream below is told to stop
// waiting: an item that it still answers with passes unchanged (a StatusOr answers for itself), and
// if it ends instead the last item is DEADLINE_EXCEEDED. Where Tokio yields Elapsed and polls on,
// here a stream goes on after a time-out only if it survives a cancelled next(): see
// async/stream.h. The time that the reader takes between two items does not count.
//
// Trap: a stream that ignores cancellation answers late.

#include <utility>

#include "async/detail/deadline_scope.h"
#include "async/detail/stream_items.h"
#include "async/detail/under.h"
#include "async/stream.h"

namespace weir {

template <class T>
Stream<detail::Fallible<T>> timeout(Duration after, Stream<T> in) {
  for (;;) {
    std::optional<T> item;
    absl::Status in_time;
    {
      const Context& outer = co_await this_context();
      const detail::DeadlineScope inner(outer, saturating_add(outer.loop().now(), after));
      detail::Under<std::optional<T>> read(inner.context(), next_of(in));
      item = co_await read;
      in_time = inner.scope().status();
    }
    if (item.has_value()) {
      co_yield *std::move(item);
      continue;
    }
    if (!in_time.ok()) co_yield std::move(in_time);
    co_return;
  }
}

}  // namespace weir
