// SPDX-License-Identifier: Apache-2.0
#pragma once

// Statement: an SQL text with a name, prepared on each connection the first time it runs there.
//
//     constexpr Statement kFindUser{"find_user", "SELECT name FROM users WHERE id = $1"};
//
// Trap: one name, one text, in the whole program; both must live for ever (string literals).

namespace weir::postgres {

struct Statement {
  const char* name;
  const char* sql;
};

}  // namespace weir::postgres
