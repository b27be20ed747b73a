// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/wait_socket.h"

#include <poll.h>

#include <algorithm>
#include <chrono>

namespace weir::postgres::detail {

Woken wait_socket(int socket, bool to_write, int stop_fd, TimePoint deadline) {
  // poll ignores negative descriptors.
  const short events = to_write ? POLLOUT : POLLIN;
  pollfd fds[2] = {{socket, events, 0}, {stop_fd, POLLIN, 0}};
  for (;;) {
    const Duration left = deadline - std::chrono::steady_clock::now();
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    const int count = poll(fds, 2, static_cast<int>(std::clamp<long>(milliseconds, 0, 3'600'000)));
    if (count < 0) continue;  // EINTR
    if (fds[1].revents != 0) return Woken::kStop;
    if (fds[0].revents != 0) return Woken::kSocket;
    if (std::chrono::steady_clock::now() >= deadline) return Woken::kDeadline;
  }
}

}  // namespace weir::postgres::detail
