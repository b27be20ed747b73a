// SPDX-License-Identifier: Apache-2.0
#pragma once

// Input: the bytes of a file, a pipe or a terminal. Blocks, on one thread at a time; another may
// end a wait for a pipe on which nothing comes, which no stream of the standard library allows.

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace weir::cli {

class Input {
 public:
  // "-": standard input. INVALID_ARGUMENT says why a file cannot be opened.
  static absl::StatusOr<std::unique_ptr<Input>> open(const std::string& path);
  ~Input();
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  static constexpr int kEnd = -1;
  // The next byte, or kEnd: at the end, after `stop`, or if reading failed, which `status` says.
  int get();
  absl::Status status() const;
  // The last that `get` returned will be the next again.
  void unget() { --at_; }

  // Any thread.
  void stop();

 private:
  Input(std::string name, int fd);
  bool fill();

  const std::string name_;
  const int fd_;
  const int stopped_;  // an eventfd
  std::array<unsigned char, 65536> buffer_;
  std::size_t at_ = 0;
  std::size_t size_ = 0;
  int error_ = 0;
};

}  // namespace weir::cli
