// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/inflate.h"

#include <algorithm>

#include "server/rpc/refusal.h"
#include "server/status/details.h"

namespace weir::rpc {
namespace {

constexpr std::size_t kFirstRoom = std::size_t{16} << 10;
constexpr std::size_t kGrowth = 4;  // times what is there

// As zlib names formats: the logarithm of the window, and 16 more for gzip's header.
constexpr int kZlib = 15;
constexpr int kGzip = kZlib + 16;

absl::Status broken() {
  return status::Error(absl::StatusCode::kInvalidArgument, "MALFORMED_REQUEST",
                       "the message is not compressed as the call's grpc-encoding says");
}

}  // namespace

Inflater::Inflater(Compression compression, std::size_t limit) : limit_(limit) {
  is_ready_ = inflateInit2(&stream_, compression == Compression::kGzip ? kGzip : kZlib) == Z_OK;
}

Inflater::~Inflater() {
  if (is_ready_) inflateEnd(&stream_);
}

absl::Status Inflater::add(absl::string_view piece) {
  if (!is_ready_) return absl::ResourceExhaustedError("there is no memory to inflate the message");
  if (piece.empty()) return absl::OkStatus();
  has_begun_ = true;
  // zlib does not write there; its type is older than const.
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
  stream_.avail_in = static_cast<uInt>(piece.size());
  for (;;) {
    if (at_end_) return stream_.avail_in == 0 ? absl::OkStatus() : broken();
    if (size_ == made_.size()) grow();
    stream_.next_out = reinterpret_cast<Bytef*>(made_.data() + size_);
    stream_.avail_out = static_cast<uInt>(made_.size() - size_);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    size_ = made_.size() - stream_.avail_out;
    if (size_ > limit_) return message_too_large(limit_);
    at_end_ = result == Z_STREAM_END;
    // Z_BUF_ERROR: it can do nothing more with this piece.
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return broken();
    if (!at_end_ && stream_.avail_in == 0 && stream_.avail_out > 0) return absl::OkStatus();
  }
}

absl::Status Inflater::finish() {
  if (has_begun_ && !at_end_) return broken();
  made_.resize(size_);
  return absl::OkStatus();
}

void Inflater::grow() {
  const std::size_t most = limit_ + 1;  // the one byte tells that there is more
  made_.resize(std::min(most, std::max(kFirstRoom, made_.size() * kGrowth)));
}

}  // namespace weir::rpc
