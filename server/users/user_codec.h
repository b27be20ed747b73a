// SPDX-License-Identifier: Apache-2.0
#pragma once

// User as bytes, for the cache: fixed fields, then the strings. Reading one costs two string
// copies.
//
// The format is named by kFormat, which is part of the cache's key: replicas of different releases
// never read each other's bytes.

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "server/users/user.h"

namespace weir::users {

inline constexpr absl::string_view kFormat = "1";

// All but the version, which the cache itself must know.
std::string encode(const User& user);
// nullopt if these are not bytes of this format.
std::optional<User> decode(absl::string_view bytes, std::int64_t version);

// The same with the version, for what is kept longer than a release: the first answer to a
// request_id. So a new format must go on reading the one before it, here.
std::string encode_answer(const User& user);
std::optional<User> decode_answer(absl::string_view bytes);

}  // namespace weir::users
