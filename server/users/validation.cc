// SPDX-License-Identifier: Apache-2.0
#include "server/users/validation.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/api/checks.h"

namespace weir::users {
namespace {

constexpr std::size_t kMaxHostLabelBytes = 63;
constexpr absl::string_view kLocalPartSigns = ".!#$%&'*+/=?^_`{|}~-";

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

}  // namespace

void check_name(absl::string_view field, absl::string_view name, status::BadRequest& bad) {
  api::check_label(field, name, kMaxNameCharacters, bad);
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

}  // namespace weir::users
