// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace weir::gload {

// A measurement that went wrong is worth nothing: says what, and ends the process with 1.
[[noreturn]] void die(const std::string& what);

}  // namespace weir::gload
