// SPDX-License-Identifier: Apache-2.0
#pragma once

// listen_on: a listening socket for host:port, also where there is no IPv6.

#include <string>

#include "absl/status/statusor.h"

namespace weir::admin {

struct Listening {
  int fd = -1;
  int port = 0;
  bool is_loopback = false;  // nobody on another machine can connect
};

// port 0: any free one. Host empty or [::]: all addresses of both protocols. The socket does not
// block. INVALID_ARGUMENT if it is not host:port, UNAVAILABLE with the reason if nobody can listen
// there.
absl::StatusOr<Listening> listen_on(const std::string& address);

}  // namespace weir::admin
