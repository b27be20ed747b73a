// SPDX-License-Identifier: Apache-2.0
#pragma once

// Epoll: an epoll descriptor, owned. Thread: any; closed by the last who holds it.

#include <sys/epoll.h>
#include <unistd.h>

#include <cstdint>

namespace weir::rpc {

class Epoll {
 public:
  Epoll() : fd_(epoll_create1(EPOLL_CLOEXEC)) {}
  ~Epoll() { close(fd_); }
  Epoll(const Epoll&) = delete;
  Epoll& operator=(const Epoll&) = delete;

  int fd() const { return fd_; }
  void add(int fd, std::uint32_t events) const { control(EPOLL_CTL_ADD, fd, events); }
  // Nothing if `fd` is not there, or no more.
  void change(int fd, std::uint32_t events) const { control(EPOLL_CTL_MOD, fd, events); }
  void remove(int fd) const { control(EPOLL_CTL_DEL, fd, 0); }

 private:
  void control(int operation, int fd, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    epoll_ctl(fd_, operation, fd, &event);
  }

  const int fd_;
};

}  // namespace weir::rpc
