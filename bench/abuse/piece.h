// SPDX-License-Identifier: Apache-2.0
#pragma once

// Piece: HTTP/2 frames that are sent again and again. Each time the ids of their streams are larger
// by a step, as of new calls; with a step of 0 they are the same frames.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weir::abuse {

class Piece {
 public:
  // `bytes` are whole frames.
  Piece(std::string bytes, std::uint32_t step);

  const std::string& bytes() const { return bytes_; }
  // Of DATA, which is all that HTTP/2's flow control counts.
  std::int64_t data_bytes() const { return data_bytes_; }
  void advance();
  void start_again() { bytes_ = first_; }

 private:
  const std::string first_;
  std::string bytes_;
  const std::uint32_t step_;
  std::vector<std::size_t> streams_;  // where an id is that grows
  std::int64_t data_bytes_ = 0;
};

}  // namespace weir::abuse
