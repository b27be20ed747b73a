// SPDX-License-Identifier: Apache-2.0
#include "server/log.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>

#include "server/log/limiter.h"
#include "server/log/line.h"
#include "server/log/writer.h"

namespace weir::log {
namespace {

std::atomic<Level> least = Level::kInfo;
std::atomic<std::uint64_t> left_out = 0;
// Null until the first line, for a thread is started with it.
std::atomic<detail::Writer*> writer = nullptr;

// Never destroyed: its thread may be in write() for as long as nobody reads.
detail::Writer& started_writer() {
  static detail::Writer* const the_writer = [] {
    writer = new detail::Writer(STDERR_FILENO);
    std::atexit([] { flush(); });
    return writer.load();
  }();
  return *the_writer;
}

void put(Level level, std::string_view event, Fields fields, Fields more, std::uint64_t before) {
  thread_local std::string line;
  line.clear();
  detail::append_line(line, level, event, fields, more, before);
  started_writer().push(line, level >= Level::kWarning);
}

bool is_wanted(Level level) { return level >= least.load(std::memory_order_relaxed); }

}  // namespace

bool set_level(std::string_view name) {
  for (const Level level : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError}) {
    if (name != detail::name_of(level)) continue;
    least.store(level, std::memory_order_relaxed);
    return true;
  }
  return false;
}

std::string_view level() { return detail::name_of(least.load(std::memory_order_relaxed)); }

void write(Level level, std::string_view event, Fields fields, Fields more) {
  if (is_wanted(level)) put(level, event, fields, more, 0);
}

void write_limited(Level level, std::string_view event, Fields fields, Fields more, Place place) {
  static auto& limiter = *new detail::Limiter(kPerSecond);
  if (!is_wanted(level)) return;
  if (const auto before = limiter.admit(place, std::chrono::steady_clock::now())) {
    put(level, event, fields, more, *before);
  } else {
    left_out.fetch_add(1, std::memory_order_relaxed);
  }
}

void flush(Duration limit) {
  if (const detail::Writer* started = writer.load()) started->flush(limit);
}

Stats stats() {
  Stats stats;
  if (const detail::Writer* started = writer.load()) stats = started->stats();
  stats.left_out = left_out.load(std::memory_order_relaxed);
  return stats;
}

}  // namespace weir::log
