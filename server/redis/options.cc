// SPDX-License-Identifier: Apache-2.0
#include "server/redis/options.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace weir::redis {
namespace {

absl::Status wrong(const char* what) {
  return absl::InvalidArgumentError(
      absl::StrCat("a Redis URL is redis://[[user]:password@]host[:port][/database]: ", what));
}

bool has_scheme(absl::string_view url, absl::string_view scheme) {
  return std::equal(scheme.begin(), scheme.end(), url.begin(),
                    url.begin() + std::min(url.size(), scheme.size()), [](char want, char is) {
                      return want == absl::ascii_tolower(static_cast<unsigned char>(is));
                    });
}

std::optional<int> number(absl::string_view text, int min, int max) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value < min || value > max) return std::nullopt;
  return value;
}

// %41 -> A.
std::optional<std::string> percent_decode(absl::string_view text) {
  std::string decoded;
  while (!text.empty()) {
    if (text.front() != '%') {
      decoded += text.front();
      text.remove_prefix(1);
      continue;
    }
    int byte = 0;
    if (text.size() < 3 || std::from_chars(&text[1], &text[1] + 2, byte, 16).ptr != &text[1] + 2) {
      return std::nullopt;
    }
    decoded += static_cast<char>(byte);
    text.remove_prefix(3);
  }
  return decoded;
}

absl::Status parse_credentials(absl::string_view text, Address& address) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos) return wrong("what stands before @ is user:password or :password");
  const auto user = percent_decode(text.substr(0, colon));
  const auto password = percent_decode(text.substr(colon + 1));
  if (!user || !password) return wrong("% must be followed by two hexadecimal digits");
  if (password->empty()) return wrong("the password is empty");
  address.user = *user;
  address.password = *password;
  return absl::OkStatus();
}

absl::Status parse_host(absl::string_view text, Address& address) {
  absl::string_view port;
  if (text.substr(0, 1) == "[") {
    text.remove_prefix(1);
    const std::size_t end = text.find(']');
    if (end == text.npos) return wrong("] is missing");
    port = text.substr(end + 1);
    text = text.substr(0, end);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    port = text.substr(colon);
    text = text.substr(0, colon);
  }
  if (text.empty()) return wrong("there is no host");
  address.host = std::string(text);
  if (port.empty()) return absl::OkStatus();
  const auto value = port.front() == ':' ? number(port.substr(1), 1, 65535) : std::nullopt;
  if (!value) return wrong("the port is a number from 1 to 65535");
  address.port = *value;
  return absl::OkStatus();
}

}  // namespace

std::string Address::printable() const { return absl::StrCat(host, ":", port, "/", database); }

absl::StatusOr<Address> parse_url(absl::string_view url) {
  if (has_scheme(url, "rediss://")) return wrong("TLS is not supported");
  constexpr absl::string_view kScheme = "redis://";
  if (!has_scheme(url, kScheme)) return wrong("it begins with redis://");
  url.remove_prefix(kScheme.size());

  Address address;
  if (const std::size_t slash = url.find('/'); slash != url.npos) {
    const absl::string_view database = url.substr(slash + 1);
    const auto value = database.empty() ? 0 : number(database, 0, 1 << 20);
    if (!value) return wrong("the database is a number");
    address.database = *value;
    url = url.substr(0, slash);
  }
  if (const std::size_t at = url.rfind('@'); at != url.npos) {
    absl::Status status = parse_credentials(url.substr(0, at), address);
    if (!status.ok()) return status;
    url.remove_prefix(at + 1);
  }
  absl::Status status = parse_host(url, address);
  if (!status.ok()) return status;
  return address;
}

}  // namespace weir::redis
