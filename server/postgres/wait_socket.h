// SPDX-License-Identifier: Apache-2.0
#pragma once

// Waiting for a libpq socket with a deadline, where libpq itself would wait without one.

#include "async/time.h"

namespace weir::postgres::detail {

enum class Woken : unsigned char { kSocket, kStop, kDeadline };

// Until `socket` is readable (or writable), `stop_fd` is readable (-1: there is none), or the
// steady clock reaches `deadline`.
Woken wait_socket(int socket, bool to_write, int stop_fd, TimePoint deadline);

}  // namespace weir::postgres::detail
