// SPDX-License-Identifier: Apache-2.0
#pragma once

// JSON, as far as a line of the log needs it. What is appended is valid, whatever comes in.

#include <string>
#include <string_view>

#include "server/log.h"

namespace weir::log::detail {

// In quotes. Control characters are escaped, those of Unicode too, which terminals obey; what is
// not UTF-8 becomes U+FFFD.
void append_quoted(std::string& out, std::string_view text);

// A number that JSON does not have (infinity) is null.
void append(std::string& out, const Value& value);

// ,"name":value
void append(std::string& out, const Field& field);

}  // namespace weir::log::detail
