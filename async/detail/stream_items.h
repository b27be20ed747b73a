// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the combinators of async/stream/ know of items: in a Stream<StatusOr<T>> a function is given
// the T, and an error passes by it unchanged. Rust: TryStreamExt's map_ok, try_filter and and_then.
//
// Trap: a function for plain values that returns StatusOr makes a stream of StatusOr; nothing ends
// at the first error but try_collect, for_each_concurrent and you.

#include <type_traits>

#include "async/stream.h"

namespace weir::detail {

// The part of an item that a function is given.
template <class T>
struct Item {
  using Value = T;
};
template <class T>
struct Item<absl::StatusOr<T>> {
  using Value = T;
};
template <class T>
using ItemValue = typename Item<T>::Value;

// T, if it can carry an error, else StatusOr<T>.
template <class T>
using Fallible = std::conditional_t<kIsFallible<T>, T, absl::StatusOr<T>>;

// The items of a stream of T after a function has made R of each value.
template <class T, class R>
using Mapped = std::conditional_t<kIsStatusOr<T>, Fallible<R>, R>;

// The value in an item that is not an error.
template <class T>
ItemValue<T>& value_in(T& item) {
  if constexpr (kIsStatusOr<T>) {
    return *item;
  } else {
    return item;
  }
}
template <class T>
bool is_error([[maybe_unused]] const T& item) {
  if constexpr (kIsStatusOr<T>) {
    return !item.ok();
  } else {
    return false;
  }
}

// Whether the task that awaits it was told to stop. A source that ends then may have ended early.
inline Task<absl::Status> own_status() {
  const Context& context = co_await this_context();
  co_return context.status();
}

}  // namespace weir::detail
