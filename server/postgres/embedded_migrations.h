// SPDX-License-Identifier: Apache-2.0
#pragma once

// The files of server/migrations/, compiled in; cmake/embed_sql.cmake generates the source.

#include <string_view>

#include "absl/types/span.h"

namespace weir::postgres {

struct EmbeddedMigration {
  int number;
  std::string_view name;
  std::string_view sql;
};

// In the order of their numbers.
absl::Span<const EmbeddedMigration> embedded_migrations();

}  // namespace weir::postgres
