// SPDX-License-Identifier: Apache-2.0
#pragma once

// Descriptors: how many this process may have, and how many connections they are enough for.
// Thread: main's, before there are others.

#include <cstddef>

#include "server/config/config.h"

namespace weir {

// Raises the soft limit to the hard one, and returns it. Most systems start a process with a soft
// limit of 1,024, for programs that call select(); nothing here does.
std::size_t raise_descriptor_limit();

// How many clients' connections fit, of two descriptors each (gRPC's and ours), beside what else
// the configuration may open.
std::size_t connections_within(std::size_t descriptors, const config::Config& config);

// Raises the limit, and lowers max_connections to what it is enough for. Both are logged: without
// this, connections beyond the limit would be reset one by one.
void fit_descriptors(config::Config& config);

}  // namespace weir
