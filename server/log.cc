// SPDX-License-Identifier: Apache-2.0
#include "server/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <memory>

namespace weir::log {
namespace {

constexpr std::pair<Level, std::string_view> kLevels[] = {{Level::kDebug, "debug"},
                                                          {Level::kInfo, "info"},
                                                          {Level::kWarning, "warning"},
                                                          {Level::kError, "error"}};

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::logger& logger() {
  static const auto the_logger = [] {
    auto made =
        std::make_shared<spdlog::logger>("weir", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                      spdlog::pattern_time_type::utc);
    return made;
  }();
  return *the_logger;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", static_cast<unsigned>(c));
      out += escaped;
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

bool set_level(std::string_view name) {
  for (const auto& [level, its_name] : kLevels) {
    if (name != its_name) continue;
    logger().set_level(to_spdlog(level));
    return true;
  }
  return false;
}

std::string_view level() {
  for (const auto& [level, name] : kLevels) {
    if (logger().level() == to_spdlog(level)) return name;
  }
  return "unknown";
}

std::string Value::print(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3f", value);
  return text;
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!logger().should_log(to_spdlog(level))) return;
  std::string line = R"("event":)";
  append_quoted(line, event);
  for (const auto& [name, value] : fields) {
    line += ',';
    append_quoted(line, name);
    line += ':';
    if (value.is_text()) {
      append_quoted(line, value.text());
    } else {
      line += value.text();
    }
  }
  logger().log(to_spdlog(level), line);
}

}  // namespace weir::log
