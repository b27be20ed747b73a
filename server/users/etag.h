// SPDX-License-Identifier: Apache-2.0
#pragma once

// Etags (AIP-154): the version of a row as a quoted string, opaque to clients.

#include <charconv>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace weir::users {

inline std::string etag_of(std::int64_t version) { return absl::StrCat("\"", version, "\""); }

// 0, which no row has, if `etag` is not one of ours: then it matches nothing, as a stale one.
inline std::int64_t version_of(absl::string_view etag) {
  std::int64_t version = 0;
  if (etag.size() < 3 || etag.front() != '"' || etag.back() != '"') return 0;
  const char* const end = etag.data() + etag.size() - 1;
  const auto [stopped, error] = std::from_chars(etag.data() + 1, end, version);
  return error == std::errc() && stopped == end && etag_of(version) == etag ? version : 0;
}

}  // namespace weir::users
