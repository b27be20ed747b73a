// SPDX-License-Identifier: Apache-2.0
#pragma once

// Text as a terminal shows it.

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace weir::cli {

// `text` without what could move a terminal's cursor or reorder its line: a control character or a
// bidirectional one becomes its escape, as \u001b, which is the same in JSON; a byte that is not
// UTF-8 becomes U+FFFD. For all that comes from a server or a file, and for every line of it, as a
// newline is such a character too.
std::string printable(absl::string_view text);

// How many columns printable text takes.
std::size_t display_width(absl::string_view text);

}  // namespace weir::cli
