// SPDX-License-Identifier: Apache-2.0
#pragma once

// One line of the log, with its time and its end of line.

#include <cstdint>
#include <string>
#include <string_view>

#include "server/log.h"

namespace weir::log::detail {

std::string_view name_of(Level level);

// `left_out` is a field if it is not 0.
void append_line(std::string& out, Level level, std::string_view event, Fields fields,
                 Fields more = {}, std::uint64_t left_out = 0);

}  // namespace weir::log::detail
