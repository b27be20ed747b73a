// SPDX-License-Identifier: Apache-2.0
#include "server/log/line.h"

#include <chrono>
#include <cstddef>

#include "server/log/json.h"

namespace weir::log::detail {
namespace {

// With leading zeros.
void append_digits(std::string& out, unsigned number, std::size_t digits) {
  out.resize(out.size() + digits);
  for (std::size_t i = 1; i <= digits; ++i, number /= 10) {
    out[out.size() - i] = static_cast<char>('0' + number % 10);
  }
}

// gmtime_r takes a lock of the whole process.
void append_time(std::string& out) {
  using namespace std::chrono;
  const auto now = floor<std::chrono::milliseconds>(system_clock::now());
  const auto day = floor<days>(now);
  const year_month_day date(day);
  const hh_mm_ss time(now - day);
  append_digits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_digits(out, static_cast<unsigned>(time.hours().count()), 2);
  out += ':';
  append_digits(out, static_cast<unsigned>(time.minutes().count()), 2);
  out += ':';
  append_digits(out, static_cast<unsigned>(time.seconds().count()), 2);
  out += '.';
  append_digits(out, static_cast<unsigned>(time.subseconds().count()), 3);
  out += 'Z';
}

}  // namespace

std::string_view name_of(Level level) {
  constexpr std::string_view kNames[] = {"debug", "info", "warning", "error"};
  return kNames[static_cast<std::size_t>(level)];
}

void append_line(std::string& out, Level level, std::string_view event, Fields fields, Fields more,
                 std::uint64_t left_out) {
  out += R"({"time":")";
  append_time(out);
  out += R"(","level":")";
  out += name_of(level);
  out += R"(","event":)";
  append_quoted(out, event);
  for (const Field& field : fields) append(out, field);
  for (const Field& field : more) append(out, field);
  if (left_out > 0) append(out, Field{"left_out", left_out});
  out += "}\n";
}

}  // namespace weir::log::detail
