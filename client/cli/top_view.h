// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `weir top` shows: the main numbers of a server, and what its slowest calls await.

#include <string>

#include "client/cli/scrape.h"

namespace weir::cli {

// `slowest` is what /tasks/slowest.json said.
std::string top_view(const Change& change, const std::string& slowest);

}  // namespace weir::cli
