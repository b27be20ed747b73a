// SPDX-License-Identifier: Apache-2.0
#include "client/target.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace weir::client {
namespace {

enum class Family : unsigned char { kName, kIpv4, kIpv6 };

bool has_scheme(absl::string_view address) {
  constexpr std::array<absl::string_view, 6> kSchemes = {
      "dns:", "ipv4:", "ipv6:", "unix:", "xds:", "unix-abstract:"};
  return absl::StrContains(address, "://") ||
         std::any_of(kSchemes.begin(), kSchemes.end(),
                     [&](absl::string_view scheme) { return absl::StartsWith(address, scheme); });
}

absl::Status wrong(absl::string_view address, absl::string_view fault) {
  return absl::InvalidArgumentError(absl::StrCat("address \"", address, "\" ", fault));
}

bool is_address(int family, absl::string_view text) {
  std::array<unsigned char, sizeof(in6_addr)> parsed;
  return inet_pton(family, std::string(text).c_str(), parsed.data()) == 1;
}

// What `endpoint`, as in "host:port" or "[::1]:port", names.
absl::StatusOr<Family> family_of(absl::string_view endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  absl::string_view host = endpoint.substr(0, colon);
  const bool in_brackets = absl::ConsumePrefix(&host, "[") && absl::ConsumeSuffix(&host, "]");
  if (colon == absl::string_view::npos || (!in_brackets && absl::StrContains(host, ':'))) {
    return wrong(endpoint, "must be host:port, as in 127.0.0.1:50051 or [::1]:50051");
  }
  int port = 0;
  if (!absl::SimpleAtoi(endpoint.substr(colon + 1), &port) || port < 1 || port > 65535) {
    return wrong(endpoint, "must end with a port from 1 to 65535");
  }
  if (host.empty()) return wrong(endpoint, "must begin with a host");
  if (in_brackets) {
    if (!is_address(AF_INET6, host)) return wrong(endpoint, "has no IPv6 address in its brackets");
    return Family::kIpv6;
  }
  return is_address(AF_INET, host) ? Family::kIpv4 : Family::kName;
}

}  // namespace

absl::StatusOr<std::string> target_of(absl::string_view address) {
  address = absl::StripAsciiWhitespace(address);
  if (address.empty()) return absl::InvalidArgumentError("the address is empty");
  if (has_scheme(address)) return std::string(address);
  const std::string local = absl::StrCat("localhost", address);
  if (absl::StartsWith(address, ":") && family_of(local).ok()) return local;

  std::vector<absl::string_view> endpoints = absl::StrSplit(address, ',');
  std::vector<Family> families;
  for (absl::string_view& endpoint : endpoints) {
    endpoint = absl::StripAsciiWhitespace(endpoint);
    const absl::StatusOr<Family> family = family_of(endpoint);
    if (!family.ok()) return family.status();
    families.push_back(*family);
  }
  if (families.front() == Family::kName && endpoints.size() == 1) return std::string(address);
  const bool alike = std::count(families.begin(), families.end(), families.front()) ==
                     static_cast<std::ptrdiff_t>(families.size());
  if (families.front() == Family::kName || !alike) {
    return wrong(address,
                 "must list IP addresses of one family; for several names use one DNS name that "
                 "has all their addresses");
  }
  return absl::StrCat(families.front() == Family::kIpv4 ? "ipv4:" : "ipv6:",
                      absl::StrJoin(endpoints, ","));
}

bool is_on_this_machine(absl::string_view target) {
  if (absl::StartsWith(target, "unix:") || absl::StartsWith(target, "unix-abstract:")) return true;
  for (const absl::string_view scheme : {"dns:///", "dns:", "ipv4:", "ipv6:"}) {
    if (absl::ConsumePrefix(&target, scheme)) break;
  }
  const std::vector<absl::string_view> endpoints = absl::StrSplit(target, ',');
  return std::all_of(endpoints.begin(), endpoints.end(), [](absl::string_view endpoint) {
    const absl::string_view host = endpoint.substr(0, endpoint.rfind(':'));
    return host == "localhost" || host == "[::1]" || host == "[::]" || host == "0.0.0.0" ||
           (absl::StartsWith(host, "127.") && is_address(AF_INET, host));
  });
}

}  // namespace weir::client
