// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/stop_signal.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "server/postgres/wait_socket.h"

namespace weir::postgres::detail {
namespace {

int make_eventfd() {
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return fd;
}

}  // namespace

StopSignal::StopSignal() : fd_(make_eventfd()) {}
StopSignal::~StopSignal() { close(fd_); }

void StopSignal::set() { eventfd_write(fd_, 1); }

void StopSignal::clear() {
  eventfd_t count = 0;
  eventfd_read(fd_, &count);
}

bool StopSignal::wait_until(TimePoint deadline) const {
  return wait_socket(-1, false, fd_, deadline) == Woken::kStop;
}

}  // namespace weir::postgres::detail
