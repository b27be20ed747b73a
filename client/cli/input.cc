// SPDX-License-Identifier: Apache-2.0
#include "client/cli/input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace weir::cli {

absl::StatusOr<std::unique_ptr<Input>> Input::open(const std::string& path) {
  const int fd = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::InvalidArgumentError(absl::StrCat(path, ": ", std::strerror(errno)));
  return std::unique_ptr<Input>(new Input(path == "-" ? "standard input" : path, fd));
}

Input::Input(std::string name, int fd)
    : name_(std::move(name)), fd_(fd), stopped_(eventfd(0, EFD_CLOEXEC)) {}

absl::Status Input::status() const {
  if (error_ == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name_, ": ", std::strerror(error_)));
}

Input::~Input() {
  if (fd_ != STDIN_FILENO) close(fd_);
  close(stopped_);
}

void Input::stop() { eventfd_write(stopped_, 1); }

int Input::get() {
  if (at_ == size_ && !fill()) return kEnd;
  return buffer_[at_++];
}

bool Input::fill() {
  for (;;) {
    pollfd ready[2] = {{fd_, POLLIN, 0}, {stopped_, POLLIN, 0}};
    const int count = poll(ready, 2, -1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 || ready[1].revents != 0) return false;
    const ssize_t got = read(fd_, buffer_.data(), buffer_.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error_ = errno;
    at_ = 0;
    size_ = got > 0 ? static_cast<std::size_t>(got) : 0;
    return got > 0;
  }
}

}  // namespace weir::cli
