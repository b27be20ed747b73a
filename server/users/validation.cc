// SPDX-License-Identifier: Apache-2.0
#include "server/users/validation.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/status/utf8.h"

namespace weir::users {
namespace {

constexpr std::size_t kMaxUtf8Bytes = 4;  // of one character
constexpr std::size_t kMaxHostLabelBytes = 63;
constexpr absl::string_view kLocalPartSigns = ".!#$%&'*+/=?^_`{|}~-";

// C0, DEL, C1, and the separators that end a line.
bool is_control(char32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x2028 || point == 0x2029;
}

bool is_space(char32_t point) {
  return point == ' ' || point == 0xA0 || (point >= 0x2000 && point <= 0x200B) || point == 0x202F ||
         point == 0x205F || point == 0x3000 || point == 0xFEFF;
}

// What is wrong with `name`; empty if nothing is.
std::string fault_of_name(absl::string_view name) {
  const std::string too_long =
      absl::StrCat("must have at most ", kMaxNameCharacters, " characters");
  if (name.empty()) return "must not be empty";
  if (name.size() > kMaxNameCharacters * kMaxUtf8Bytes) return too_long;
  int characters = 0;
  bool blank = true;
  for (absl::string_view rest = name; !rest.empty(); ++characters) {
    const std::optional<char32_t> point = next_code_point(rest);
    if (!point) return "must be UTF-8";
    if (is_control(*point)) return "must not contain control characters";
    blank = blank && is_space(*point);
  }
  if (blank) return "must not be blank";
  return characters > kMaxNameCharacters ? too_long : "";
}

bool is_local_part(absl::string_view local) {
  return !local.empty() && local.size() <= kMaxLocalPartBytes && local.front() != '.' &&
         local.back() != '.' && !absl::StrContains(local, "..") &&
         std::all_of(local.begin(), local.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) ||
                  absl::StrContains(kLocalPartSigns, static_cast<char>(c));
         });
}

bool is_host_label(absl::string_view label) {
  return !label.empty() && label.size() <= kMaxHostLabelBytes && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-';
         });
}

bool is_host(absl::string_view host) {
  const std::vector<absl::string_view> labels = absl::StrSplit(host, '.');
  return std::all_of(labels.begin(), labels.end(), is_host_label);
}

std::string fault_of_email(absl::string_view email) {
  if (email.empty()) return "must not be empty";
  if (email.size() > kMaxEmailBytes) {
    return absl::StrCat("must have at most ", kMaxEmailBytes, " bytes");
  }
  const std::size_t at = email.find('@');
  const bool is_address = at != absl::string_view::npos && is_local_part(email.substr(0, at)) &&
                          is_host(email.substr(at + 1));
  return is_address ? "" : "must be an e-mail address, as in ada@example.com";
}

void add_fault(absl::string_view field, const std::string& fault, status::BadRequest& bad) {
  if (!fault.empty()) bad.add(field, fault);
}

}  // namespace

void check_id(absl::string_view field, std::int64_t id, status::BadRequest& bad) {
  if (id <= 0) bad.add(field, "must be positive");
}

void check_name(absl::string_view field, absl::string_view name, status::BadRequest& bad) {
  add_fault(field, fault_of_name(name), bad);
}

std::string check_email(absl::string_view field, absl::string_view email, status::BadRequest& bad) {
  std::string fault = fault_of_email(email);
  if (!fault.empty()) {
    bad.add(field, fault);
    return std::string();
  }
  return absl::AsciiStrToLower(email);
}

void check_password(absl::string_view field, absl::string_view password, status::BadRequest& bad) {
  if (password.size() < kMinPasswordBytes || password.size() > kMaxPasswordBytes) {
    bad.add(field,
            absl::StrCat("must have ", kMinPasswordBytes, " to ", kMaxPasswordBytes, " bytes"));
  }
}

void check_request_id(absl::string_view field, absl::string_view request_id,
                      status::BadRequest& bad) {
  if (request_id.size() > kMaxRequestIdBytes ||
      !std::all_of(request_id.begin(), request_id.end(), absl::ascii_isgraph)) {
    bad.add(field, absl::StrCat("must be at most ", kMaxRequestIdBytes,
                                " visible ASCII characters, for example a UUID"));
  }
}

}  // namespace weir::users
