// SPDX-License-Identifier: Apache-2.0
#pragma once

// receiver_stream: what a channel's receiver gets, as a stream. Tokio: tokio_stream::wrappers::
// {ReceiverStream, BroadcastStream}.
//
//     Stream<absl::StatusOr<Job>> jobs = receiver_stream(std::move(receiver));
//
// For anything with recv(): one that yields optional ends at nullopt, one that yields StatusOr ends
// at ABORTED, which is how channels say that nothing will come any more. Any other error is an item
// and the stream goes on: a broadcast's lag, or the reader's own cancellation, which loses nothing
// (a reader that was told to stop and reads again finds the end).
//
// Thread: its reader's loop. Trap: the receiver goes with the stream, and with it the channel.

#include <optional>
#include <type_traits>
#include <utility>

#include "async/detail/stream_items.h"
#include "async/stream.h"

namespace weir {
namespace detail {

// What co_await makes of a leaf or of a Task.
template <class Awaitable>
struct Awaited {
  using type = decltype(std::declval<Awaitable&>().await_resume());
};
template <class T>
struct Awaited<Task<T>> {
  using type = T;
};
template <class Receiver>
using Received = typename Awaited<decltype(std::declval<Receiver&>().recv())>::type;

// A StatusOr as it is, an optional without its wrapping.
template <class Result>
struct ReceivedItem {
  using type = Result;
};
template <class T>
struct ReceivedItem<std::optional<T>> {
  using type = T;
};

}  // namespace detail

template <class Receiver, class Result = detail::Received<Receiver>>
Stream<typename detail::ReceivedItem<Result>::type> receiver_stream(Receiver receiver) {
  for (;;) {
    Result result = co_await receiver.recv();
    if constexpr (detail::kIsStatusOr<Result>) {
      if (absl::IsAborted(result.status())) co_return;
      const bool failed = !result.ok();
      co_yield std::move(result);
      if (!failed) continue;
      const absl::Status told = co_await detail::own_status();
      if (!told.ok()) co_return;
    } else {
      if (!result.has_value()) co_return;
      co_yield *std::move(result);
    }
  }
}

}  // namespace weir
