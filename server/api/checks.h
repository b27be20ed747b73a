// SPDX-License-Identifier: Apache-2.0
#pragma once

// Checks of fields that several services have. Each adds what is wrong with one field to `bad`,
// under the path that the caller gives it.

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "server/status/details.h"

namespace weir::api {

inline constexpr std::size_t kMaxRequestIdBytes = 128;

void check_id(absl::string_view field, std::int64_t id, status::BadRequest& bad);

// What people call something, on one line: 1 to `max_characters` characters, none of them a control
// character, not all of them spaces.
void check_label(absl::string_view field, absl::string_view text, int max_characters,
                 status::BadRequest& bad);

// Of any length up to `max_bytes`, on any number of lines. Postgres stores no NUL.
void check_text(absl::string_view field, absl::string_view text, std::size_t max_bytes,
                status::BadRequest& bad);

// Visible ASCII; a UUID is recommended [AIP-155]. Empty is fine, there is none.
void check_request_id(absl::string_view field, absl::string_view request_id,
                      status::BadRequest& bad);

}  // namespace weir::api
