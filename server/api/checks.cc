// SPDX-License-Identifier: Apache-2.0
#include "server/api/checks.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/status/utf8.h"

namespace weir::api {
namespace {

constexpr std::size_t kMaxUtf8Bytes = 4;  // of one character

// C0, DEL, C1, and the separators that end a line.
bool is_control(char32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x2028 || point == 0x2029;
}

bool is_space(char32_t point) {
  return point == ' ' || point == 0xA0 || (point >= 0x2000 && point <= 0x200B) || point == 0x202F ||
         point == 0x205F || point == 0x3000 || point == 0xFEFF;
}

// What is wrong with `text`; empty if nothing is.
std::string fault_of_label(absl::string_view text, int max_characters) {
  const std::string too_long = absl::StrCat("must have at most ", max_characters, " characters");
  if (text.empty()) return "must not be empty";
  if (text.size() > static_cast<std::size_t>(max_characters) * kMaxUtf8Bytes) return too_long;
  int characters = 0;
  bool blank = true;
  for (absl::string_view rest = text; !rest.empty(); ++characters) {
    const std::optional<char32_t> point = next_code_point(rest);
    if (!point) return "must be UTF-8";
    if (is_control(*point)) return "must not contain control characters";
    blank = blank && is_space(*point);
  }
  if (blank) return "must not be blank";
  return characters > max_characters ? too_long : "";
}

}  // namespace

void check_id(absl::string_view field, std::int64_t id, status::BadRequest& bad) {
  if (id <= 0) bad.add(field, "must be positive");
}

void check_label(absl::string_view field, absl::string_view text, int max_characters,
                 status::BadRequest& bad) {
  const std::string fault = fault_of_label(text, max_characters);
  if (!fault.empty()) bad.add(field, fault);
}

void check_text(absl::string_view field, absl::string_view text, std::size_t max_bytes,
                status::BadRequest& bad) {
  if (text.size() > max_bytes) {
    bad.add(field, absl::StrCat("must have at most ", max_bytes, " bytes"));
  } else if (!is_utf8(text)) {
    bad.add(field, "must be UTF-8");
  } else if (text.find('\0') != absl::string_view::npos) {
    bad.add(field, "must not contain NUL");
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

}  // namespace weir::api
