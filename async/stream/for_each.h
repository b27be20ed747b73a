// SPDX-License-Identifier: Apache-2.0
#pragma once

// for_each_concurrent: await a function for each item of a stream, at most n at a time. Tokio:
// TryStreamExt::try_for_each_concurrent (Seastar: max_concurrent_for_each).
//
//     co_await or_return(for_each_concurrent(iter(std::move(ids)), 8, send_reminder));
//
// `fn` takes a value and returns a Task of Status or of void. The first error, of the stream or of
// a call, asks all others to stop and is the result, once they have; so is a cancellation. An item
// is asked for when there is room for it, so at most n are held. With n = 1 it is a plain loop.
//
// Trap: `fn` is called concurrently with itself, between its awaits.

#include <cassert>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "async/detail/stream_items.h"
#include "async/semaphore.h"
#include "async/stream.h"
#include "async/with_scope.h"

namespace weir {
namespace detail {

template <class R>
Task<absl::Status> with_permit(Task<R> call, Permit permit) {
  if constexpr (std::is_void_v<R>) {
    co_await std::move(call);
    permit.release();
    co_return absl::OkStatus();
  } else {
    absl::Status status = co_await std::move(call);
    permit.release();
    co_return status;
  }
}

template <class T, class F>
Task<absl::Status> start_each(Stream<T>& in, Semaphore& room, F& fn, TaskScope& scope) {
  for (;;) {
    Permit permit = co_await or_return(co_await room.acquire());
    std::optional<T> item = co_await in.next();
    if (!item.has_value()) co_return co_await own_status();
    if constexpr (kIsStatusOr<T>) co_await or_return(item->status());
    scope.spawn(with_permit(fn(std::move(value_in(*item))), std::move(permit)));
  }
}

}  // namespace detail

template <class T, class F>
Task<absl::Status> for_each_concurrent(Stream<T> stream, std::size_t limit, F fn) {
  assert(limit > 0);
  Semaphore room(limit);
  auto body = [&](TaskScope& scope) { return detail::start_each(stream, room, fn, scope); };
  co_return co_await with_scope(body);
}

}  // namespace weir
