// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a user may be called, and so on. Each function adds what is wrong with one field to `bad`,
// under the path that the caller gives it.

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "server/status/details.h"

namespace weir::users {

inline constexpr int kMaxNameCharacters = 200;
inline constexpr std::size_t kMaxEmailBytes = 254;  // RFC 5321: the longest that can be mailed to
inline constexpr std::size_t kMaxLocalPartBytes = 64;  // RFC 5321, 4.5.3.1.1
inline constexpr std::size_t kMinPasswordBytes = 8;    // NIST SP 800-63B
inline constexpr std::size_t kMaxPasswordBytes = 128;
inline constexpr int kMaxBatchIds = 1000;

// 1 to 200 characters, none of them a control character, not all of them spaces.
void check_name(absl::string_view field, absl::string_view name, status::BadRequest& bad);

// An address as web forms take it (WHATWG HTML, "valid e-mail address"): ASCII, one "@", a host
// name after it. Returns it in lower case: e-mails are the same whatever their case.
std::string check_email(absl::string_view field, absl::string_view email, status::BadRequest& bad);

// Only of a password that is to be set: any may be tried.
void check_password(absl::string_view field, absl::string_view password, status::BadRequest& bad);

}  // namespace weir::users
