// SPDX-License-Identifier: Apache-2.0
#include "server/redis/file_descriptor.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace weir::redis {

FileDescriptor::FileDescriptor(int fd) : fd_(fd) {
  if (fd_ >= 0) return;
  std::perror("the Redis client cannot make a file descriptor");
  std::abort();
}

FileDescriptor::~FileDescriptor() { ::close(fd_); }

}  // namespace weir::redis
