// SPDX-License-Identifier: Apache-2.0
#include "bench/abuse/piece.h"

#include <utility>

#include "bench/abuse/frame.h"

namespace weir::abuse {

Piece::Piece(std::string bytes, std::uint32_t step)
    : first_(std::move(bytes)), bytes_(first_), step_(step) {
  for (std::size_t at = 0; at + kFrameHeader <= first_.size();) {
    const Frame frame = frame_at(first_, at);
    if (frame.stream != 0) streams_.push_back(at + kStreamAt);
    if (frame.type == kData) data_bytes_ += frame.length;
    at += kFrameHeader + frame.length;
  }
}

void Piece::advance() {
  if (step_ == 0) return;
  for (const std::size_t at : streams_) put_number(bytes_, at, number_at(bytes_, at, 4) + step_);
}

}  // namespace weir::abuse
