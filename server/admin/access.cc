// SPDX-License-Identifier: Apache-2.0
#include "server/admin/access.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace weir::admin {
namespace {

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

// In a time that tells nothing about where they differ, or how long the right one is.
bool are_equal(absl::string_view one, absl::string_view other) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> first;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> second;
  SHA256(reinterpret_cast<const unsigned char*>(one.data()), one.size(), first.data());
  SHA256(reinterpret_cast<const unsigned char*>(other.data()), other.size(), second.data());
  return CRYPTO_memcmp(first.data(), second.data(), first.size()) == 0;
}

bool changes(const Request& request) { return request.method != "GET" && request.method != "HEAD"; }

// Whether a page of the origin is one of this server: http://HOST, with the port.
bool is_own_origin(const Request& request) {
  absl::string_view origin = *request.origin;
  if (!absl::ConsumePrefix(&origin, "http://") && !absl::ConsumePrefix(&origin, "https://")) {
    return false;
  }
  return request.host && absl::EqualsIgnoreCase(origin, *request.host);
}

}  // namespace

std::string host_of(absl::string_view authority) {
  std::string host;
  if (absl::ConsumePrefix(&authority, "[")) {
    host = std::string(authority.substr(0, authority.find(']')));
  } else {
    host = std::string(authority.substr(0, authority.find(':')));
  }
  absl::AsciiStrToLower(&host);
  return std::string(absl::StripSuffix(host, "."));
}

Access::Access(AccessRules rules) : rules_(std::move(rules)), hosts_{"localhost"} {
  std::array<char, 256> own{};
  if (gethostname(own.data(), own.size() - 1) == 0) add_host(own.data());
  for (const absl::string_view name : absl::StrSplit(rules_.hosts, ',')) {
    add_host(absl::StripAsciiWhitespace(name));
  }
}

void Access::add_host(absl::string_view name) {
  if (!name.empty()) hosts_.insert(host_of(name));
}

bool Access::is_ours(absl::string_view host) const {
  const std::string name = host_of(host);
  return is_address(name) || hosts_.contains(name);
}

bool Access::has_right_token(const Request& request) const {
  constexpr absl::string_view kScheme = "Bearer ";
  const absl::string_view given =
      request.authorization ? absl::string_view(*request.authorization) : absl::string_view();
  return absl::StartsWithIgnoreCase(given, kScheme) &&
         are_equal(absl::StripAsciiWhitespace(given.substr(kScheme.size())), rules_.token);
}

std::optional<Denial> Access::check(const Request& request, Guard guard, bool is_local) const {
  // Without one it is no browser.
  if (request.host && !is_ours(*request.host)) {
    return Denial{
        Refusal::kHost,
        Page{.status = 403, .body = "this host name is not known here; see --admin-hosts\n"}};
  }
  if (changes(request) && request.origin && !is_own_origin(request)) {
    return Denial{Refusal::kOrigin, Page{.status = 403, .body = "not for pages of another site\n"}};
  }
  const bool is_open = guard == Guard::kOpen || (guard == Guard::kMetrics && rules_.open_metrics);
  if (is_open) return std::nullopt;
  if (!has_token()) {
    if (is_local) return std::nullopt;
    return Denial{Refusal::kRemote,
                  Page{.status = 403,
                       .body = "no WEIR_ADMIN_TOKEN is set, so this is answered to the server's "
                               "own machine only\n"}};
  }
  if (guard == Guard::kShell || has_right_token(request)) return std::nullopt;
  return Denial{Refusal::kToken,
                Page{.status = 401,
                     .body = "needs WEIR_ADMIN_TOKEN: send it as \"Authorization: Bearer ...\"\n",
                     .headers = "WWW-Authenticate: Bearer\r\n"}};
}

}  // namespace weir::admin
