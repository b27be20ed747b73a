// SPDX-License-Identifier: Apache-2.0
#include "server/config/names.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace weir::config {
namespace {

// Without WEIR_.
// clang-format off
constexpr absl::string_view kOthers[] = {
    "TIMEOUT", "TLS_CA", "TLS_SERVER_NAME",                         // the command line
    "BINARY_DIR", "DEBIAN13_ROOT", "PACE", "PICTURES", "ROLLS",     // tests
    "SOURCE_DIR", "STACK_DIR", "TEST_SEED", "TEST_SEEDS",
    "POSTGRES_PID", "REDIS_PID", "SKIP_PACKAGES", "UNITY",          // scripts
    "VERSION",                                                      // of an image
};
// clang-format on

// How many characters must be added, removed or replaced to make one of the other.
std::size_t distance(absl::string_view one, absl::string_view other) {
  std::vector<std::size_t> row(other.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < one.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < other.size(); ++j) {
      const std::size_t replaced = diagonal + (one[i] == other[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

// What is only cut off, or has something after it, is near however much that is.
std::size_t distance_of_names(absl::string_view name, absl::string_view known) {
  const bool is_part = absl::StartsWith(known, name) || absl::StartsWith(name, known);
  return is_part ? 1 : distance(name, known);
}

// What follows the last "_PORT" of a service link: "", "_50051_TCP", "_50051_TCP_ADDR" ...
bool is_port_part(absl::string_view part, absl::string_view value) {
  if (part.empty()) return absl::StrContains(value, "://");
  if (!absl::ConsumePrefix(&part, "_")) return false;
  const std::size_t digits = std::min(part.find_first_not_of("0123456789"), part.size());
  if (digits == 0) return false;
  part.remove_prefix(digits);
  if (!absl::ConsumePrefix(&part, "_")) return false;
  for (const absl::string_view end : {"_PROTO", "_PORT", "_ADDR"}) {
    if (absl::ConsumeSuffix(&part, end)) break;
  }
  return part == "TCP" || part == "UDP" || part == "SCTP";
}

bool is_service_link(absl::string_view variable, absl::string_view value) {
  if (absl::EndsWith(variable, "_SERVICE_HOST") || absl::EndsWith(variable, "_SERVICE_PORT") ||
      absl::StrContains(variable, "_SERVICE_PORT_")) {
    return true;
  }
  for (std::size_t at = variable.find("_PORT"); at != absl::string_view::npos;
       at = variable.find("_PORT", at + 1)) {
    if (is_port_part(variable.substr(at + 5), value)) return true;
  }
  return false;
}

}  // namespace

std::string no_such_setting(absl::string_view name, const std::vector<std::string>& known) {
  const auto near = [&](const std::string& one) { return distance_of_names(name, one); };
  const auto nearest = std::min_element(
      known.begin(), known.end(),
      [&](const std::string& one, const std::string& other) { return near(one) < near(other); });
  // A line of the log, whatever is in the name.
  const std::string shown = absl::CHexEscape(name);
  // Of a name that is all different, "did you mean" would only mislead.
  if (nearest == known.end() || near(*nearest) > 1 + name.size() / 6) {
    return absl::StrCat(shown, ": no such setting; see --help");
  }
  return absl::StrCat(shown, ": no such setting; did you mean ", *nearest, "?");
}

bool is_of_others(absl::string_view variable, absl::string_view value) {
  absl::string_view name = variable;
  absl::ConsumePrefix(&name, "WEIR_");
  return absl::c_linear_search(kOthers, name) || is_service_link(variable, value);
}

}  // namespace weir::config
