// SPDX-License-Identifier: Apache-2.0
#pragma once

// A dashboard as a person wants to see it; times in the local time zone.

#include <string>

#include "client/dashboards.h"

namespace weir::cli {

// The user, then each part under its name, or why it is not there.
std::string dashboard_view(const client::Dashboard& dashboard);

}  // namespace weir::cli
