// SPDX-License-Identifier: Apache-2.0
#pragma once

// What each fuzzer has: libFuzzer's entry, whose arguments are bytes, and `must`.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"

namespace weir::fuzz {

// What has to hold, whatever the input.
inline void must(bool holds) {
  if (!holds) std::abort();
}

inline absl::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
