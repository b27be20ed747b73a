// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sink: where a library that has no log of its own tells what happens. `message` is a literal; what
// differs from time to time is in the fields.

#include <functional>
#include <string_view>

#include "server/log.h"

namespace weir::log {

using Sink = std::function<void(Level level, std::string_view message, Fields fields)>;

// Lines with `event`, a literal, and the message as a field; each message at most kPerSecond times
// a second.
Sink under(const char* event);

// Only the errors: for what shares the outages of something that tells of them.
Sink errors_only(Sink sink);

}  // namespace weir::log
