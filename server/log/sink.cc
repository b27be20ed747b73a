// SPDX-License-Identifier: Apache-2.0
#include "server/log/sink.h"

#include <utility>

namespace weir::log {

Sink under(const char* event) {
  return [event](Level level, std::string_view message, Fields fields) {
    write_limited(level, event, {{"message", message}}, fields, Place(message.data(), 0));
  };
}

Sink errors_only(Sink sink) {
  if (!sink) return sink;
  return [sink = std::move(sink)](Level level, std::string_view message, Fields fields) {
    if (level >= Level::kError) sink(level, message, fields);
  };
}

}  // namespace weir::log
