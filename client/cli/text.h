// SPDX-License-Identifier: Apache-2.0
#pragma once

// Text as a terminal shows it.

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace weir::cli {

// `text` without what could move a terminal's cursor or reorder its line: control characters,
// bidirectional overrides and bytes that are not UTF-8 become U+FFFD. For all that others wrote.
std::string printable(absl::string_view text);

// How many columns printable text takes.
std::size_t display_width(absl::string_view text);

}  // namespace weir::cli
