// SPDX-License-Identifier: Apache-2.0
#pragma once

// EpollAdapter: what hiredis wants of an event library, on epoll. It is always watched for input;
// for output only while the socket is full, or not yet connected: what fits is written by flush
// without asking the kernel first.
//
// Thread: the I/O thread's.

#include <cstdint>

struct redisAsyncContext;

namespace weir::redis {

class EpollAdapter {
 public:
  // Puts the context's socket into the epoll set, with `tag` as its data, and hooks itself into the
  // context. `on_cleanup(tag)` is called when hiredis lets go of the context.
  void attach(redisAsyncContext& context, int epoll_fd, void* tag, void (*on_cleanup)(void*));
  // To be called in on_cleanup, while the socket is still open.
  void detach();

  // Whether hiredis has something to write.
  bool wants_write() const { return wants_write_; }
  // Tells epoll what is wanted now, if that has changed.
  void update();

 private:
  static void add_read(void*) {}
  static void del_read(void*) {}
  static void add_write(void* self);
  static void del_write(void* self);
  static void cleanup(void* self);

  int epoll_fd_ = -1;
  int fd_ = -1;
  void* tag_ = nullptr;
  void (*on_cleanup_)(void*) = nullptr;
  bool wants_write_ = false;
  bool watches_write_ = false;
};

}  // namespace weir::redis
