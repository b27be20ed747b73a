// SPDX-License-Identifier: Apache-2.0
#include "server/redis/epoll_adapter.h"

#include <hiredis/async.h>
#include <sys/epoll.h>

namespace weir::redis {

void EpollAdapter::attach(redisAsyncContext& context, int epoll_fd, void* tag,
                          void (*on_cleanup)(void*)) {
  epoll_fd_ = epoll_fd;
  fd_ = context.c.fd;
  tag_ = tag;
  on_cleanup_ = on_cleanup;
  wants_write_ = false;
  watches_write_ = true;  // the socket turns writable when it is connected
  context.ev.data = this;
  context.ev.addRead = &EpollAdapter::add_read;
  context.ev.delRead = &EpollAdapter::del_read;
  context.ev.addWrite = &EpollAdapter::add_write;
  context.ev.delWrite = &EpollAdapter::del_write;
  context.ev.cleanup = &EpollAdapter::cleanup;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.ptr = tag_;
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd_, &event);
}

void EpollAdapter::detach() {
  if (fd_ >= 0) ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd_, nullptr);
  fd_ = -1;
}

void EpollAdapter::update() {
  if (fd_ < 0 || wants_write_ == watches_write_) return;
  watches_write_ = wants_write_;
  epoll_event event{};
  event.events = EPOLLIN | (wants_write_ ? EPOLLOUT : 0u);
  event.data.ptr = tag_;
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd_, &event);
}

void EpollAdapter::add_write(void* self) { static_cast<EpollAdapter*>(self)->wants_write_ = true; }
void EpollAdapter::del_write(void* self) { static_cast<EpollAdapter*>(self)->wants_write_ = false; }

void EpollAdapter::cleanup(void* self) {
  auto* adapter = static_cast<EpollAdapter*>(self);
  adapter->on_cleanup_(adapter->tag_);
}

}  // namespace weir::redis
