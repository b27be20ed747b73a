// SPDX-License-Identifier: Apache-2.0
#pragma once

// Users as a person wants to see them; times in the local time zone.

#include <string>

#include "absl/types/span.h"
#include "client/users.h"

namespace weir::cli {

// One user, a line for each field.
std::string user_details(const client::User& user);

// A line for each user, under headings.
std::string user_table(absl::Span<const client::User* const> users);

}  // namespace weir::cli
