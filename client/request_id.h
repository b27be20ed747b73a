// SPDX-License-Identifier: Apache-2.0
#pragma once

// A fresh id by which a server recognizes the repetition of a request [AIP-155].

#include <string>

namespace weir::client {

// A random UUID (version 4). Any thread.
std::string new_request_id();

}  // namespace weir::client
