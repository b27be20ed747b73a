// SPDX-License-Identifier: Apache-2.0
#pragma once

// collect, try_collect: everything a stream yields, in a vector. Tokio: StreamExt::collect,
// TryStreamExt::try_collect.
//
//     std::vector<int> all = co_await collect(std::move(numbers));
//     std::vector<User> users = co_await or_return(try_collect(std::move(results)));
//
// try_collect stops at the first error, and lets go of the stream.
//
// Trap: memory. `take` first where the length of the stream comes from outside.

#include <utility>
#include <vector>

#include "async/stream.h"

namespace weir {

template <class T>
Task<std::vector<T>> collect(Stream<T> stream) {
  std::vector<T> items;
  while (std::optional<T> item = co_await stream.next()) items.push_back(*std::move(item));
  co_return std::move(items);
}

template <class T>
Task<absl::StatusOr<std::vector<T>>> try_collect(Stream<absl::StatusOr<T>> stream) {
  std::vector<T> values;
  while (std::optional<absl::StatusOr<T>> item = co_await stream.next()) {
    if (!item->ok()) co_return item->status();
    values.push_back(**std::move(item));
  }
  co_return std::move(values);
}

}  // namespace weir
