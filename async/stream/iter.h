// SPDX-License-Identifier: Apache-2.0
#pragma once

// iter: a stream of what a range holds. Tokio: futures::stream::iter.
//
//     Stream<int> ids = iter(std::vector{1, 2, 3});
//
// The range is moved into the stream, and its values out of it. It never waits. Trap: a view owns
// nothing; what it looks at must outlive the stream.

#include <ranges>
#include <type_traits>
#include <utility>

#include "async/stream.h"

namespace weir {

template <std::ranges::input_range Range>
Stream<std::ranges::range_value_t<Range>> iter(Range range) {
  for (auto&& value : range) {
    if constexpr (std::ranges::view<Range>) {
      co_yield std::forward<decltype(value)>(value);
    } else {
      co_yield std::move(value);
    }
  }
}

}  // namespace weir
