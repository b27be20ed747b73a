// SPDX-License-Identifier: Apache-2.0
#pragma once

// FileDescriptor: owns one.

namespace weir::redis {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd);  // ends the process with a message if `fd` is an error
  ~FileDescriptor();
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

}  // namespace weir::redis
