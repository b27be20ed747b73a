// SPDX-License-Identifier: Apache-2.0
#pragma once

// next_code_point: UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above
// U+10FFFF.
//
//     while (!text.empty()) {
//       const std::optional<char32_t> point = next_code_point(text);
//       if (!point) return "is not UTF-8";
//     }

#include <optional>

#include "absl/strings/string_view.h"

namespace weir {

// Takes the first code point off `text`, which must not be empty. nullopt if what it begins with is
// not UTF-8; then `text` is unchanged.
std::optional<char32_t> next_code_point(absl::string_view& text);

bool is_utf8(absl::string_view text);

}  // namespace weir
