// SPDX-License-Identifier: Apache-2.0
#pragma once

// Coroutine frames are born and die at the rate of calls, nearly always on the same thread, so each
// thread keeps the freed ones by size and hands them out again. Any thread may free a frame.

#include <cstddef>

namespace weir::detail {

[[nodiscard]] void* allocate_frame(std::size_t bytes);
void free_frame(void* frame, std::size_t bytes) noexcept;

}  // namespace weir::detail
