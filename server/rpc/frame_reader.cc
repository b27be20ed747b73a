// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/frame_reader.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

namespace weir::rpc {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
// What is taken back as an attack does it comes in the same moment as the call.
constexpr Duration kRecent = std::chrono::milliseconds(20);
// Frames of one header block: of 16 KiB each, as all clients make them, it needs two.
constexpr std::size_t kMostBlockFrames = 8;
// Control frames that one call earns, and that so many bytes of answers earn: WINDOW_UPDATE.
constexpr std::int64_t kControlPerCall = 4;
constexpr std::uint64_t kBytesPerControl = 1024;
// A frame that the server has to answer costs as much as so many others.
constexpr std::int64_t kAnswered = 10;
// What one DATA frame that is sent earns. Go's client, and old ones of Java, answer it with two
// WINDOW_UPDATEs and a PING, to learn how fast the connection is.
constexpr std::int64_t kControlPerData = kAnswered + 2;
constexpr std::uint32_t kCrumb = 64;
// Headers that are no call's: gRPC unpacks them, and their table keeps what it kept.
constexpr std::uint32_t kBytesPerUnit = 64;
constexpr std::size_t kPrefix = 5;  // of a gRPC message: flags and length

}  // namespace

std::optional<Abuse> FrameReader::read(const char* data, std::size_t size, TimePoint now,
                                       ClientAccount* client) {
  now_ = now;
  client_ = client;
  if (preface_bytes_ < kPreface.size()) {
    const std::size_t used = std::min(size, kPreface.size() - preface_bytes_);
    is_http2_ = is_http2_ && kPreface.compare(preface_bytes_, used, data, used) == 0;
    preface_bytes_ += used;
    frame_end_ += used;
    data += used;
    size -= used;
  }
  if (!is_http2_) return std::nullopt;  // gRPC closes it
  if (sent_ >= kBytesPerControl) {
    control_.earn(static_cast<std::int64_t>(sent_ / kBytesPerControl));
    sent_ %= kBytesPerControl;
  }
  incoming_.walk(
      data, size, [&](const Frame& frame) { return begin(frame); },
      [&](const char* bytes, std::size_t count) { this->data(bytes, count); });
  return abuse_;
}

bool FrameReader::begin(const Frame& frame) {
  ++frames_;
  frame_end_ += Frame::kHeaderBytes + frame.length;
  switch (frame.type) {
    case Frame::kData:
      return begin_data(frame);
    case Frame::kHeaders:
      begin_headers(frame);
      return false;
    case Frame::kContinuation:
      begin_continuation(frame);
      return false;
    case Frame::kRstStream:
      begin_reset(frame);
      return false;
    case Frame::kSettings:
    case Frame::kPing:
      // One that comes before there is anything to acknowledge makes gRPC forget its limit.
      knows_settings_ = knows_settings_ || (sent_settings_ && frame.type == Frame::kSettings &&
                                            (frame.flags & Frame::kAck) != 0);
      spend(control_, (frame.flags & Frame::kAck) != 0 ? 1 : kAnswered, Abuse::kControlFrames);
      return false;
    default:
      // With its bytes, of which some kinds may have as many as they like.
      spend(control_, 1 + frame.length / 1024, Abuse::kControlFrames);
      return false;
  }
}

void FrameReader::begin_headers(const Frame& frame) {
  block_bytes_ = 0;
  block_frames_ = 0;
  // Trailers, which no client of gRPC has, or what gRPC skips.
  is_no_call_ =
      frame.stream <= last_stream_ || frame.stream % 2 == 0 || frame.stream > last_taken();
  begin_continuation(frame);
  if (is_no_call_) return;
  look_at_clock();
  last_stream_ = frame.stream;
  ++streams_;
  control_.earn(kControlPerCall);
  crumbs_.earn(1);
  resets_.earn(streams_ % 2);
  if (open_streams() > limits_.streams) has_had_too_many_streams_ = true;
  // gRPC counts them only once the client has acknowledged how many it may have.
  if (!knows_settings_ && streams_ > limits_.streams) abuse_ = Abuse::kStreams;
}

void FrameReader::look_at_clock() {
  if (now_ < next_look_) return;
  recent_ = now_ >= next_look_ + kRecent ? last_stream_ : next_recent_;
  next_recent_ = last_stream_;
  next_look_ = now_ + kRecent;
}

void FrameReader::begin_continuation(const Frame& frame) {
  is_in_headers_ = (frame.flags & Frame::kEndHeaders) == 0;
  block_bytes_ += frame.length;
  if (block_bytes_ > limits_.header_block_bytes) abuse_ = Abuse::kHeaderBlock;
  if (++block_frames_ > kMostBlockFrames) abuse_ = Abuse::kContinuations;
  if (is_no_call_) spend(control_, 1 + frame.length / kBytesPerUnit, Abuse::kControlFrames);
}

void FrameReader::begin_reset(const Frame& frame) {
  look_at_clock();
  // gRPC skips those of streams that have not begun.
  const bool has_begun = frame.stream <= last_stream_;
  if (has_begun) ++ended_;
  if (has_begun && frame.stream > recent_ && !is_reset(frame.stream)) {
    spend(resets_, 1, Abuse::kResets);
  } else {
    spend(control_, 1, Abuse::kControlFrames);
  }
  forget(frame.stream);
}

bool FrameReader::begin_data(const Frame& frame) {
  if (frame.length < kCrumb) spend(crumbs_, 1, Abuse::kDataFrames);
  if (is_reset(frame.stream)) {
    data_left_ = 0;
    return false;
  }
  data_stream_ = frame.stream;
  data_begin_ = frame_end_ - frame.length;
  data_left_ = frame.length;
  is_answered_ = false;
  ends_stream_ = (frame.flags & Frame::kEndStream) != 0;
  is_padding_known_ = (frame.flags & Frame::kPadded) == 0;
  padding_ = 0;
  upload_ = Upload();
  if (!uploads_.empty()) {
    if (const auto found = uploads_.find(frame.stream); found != uploads_.end()) {
      upload_ = std::move(found->second);
    }
  }
  if (data_left_ == 0) end_frame();
  return frame.length != 0;
}

void FrameReader::data(const char* data, std::size_t size) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(data);
  const std::size_t all = size;
  if (!is_padding_known_) {
    is_padding_known_ = true;
    padding_ = bytes[0];
    ++bytes;
    --size;
    --data_left_;
  }
  // What of it is not padding.
  const std::uint32_t real = data_left_ > padding_ ? data_left_ - padding_ : 0;
  message(bytes, std::min<std::size_t>(size, real));
  data_left_ -= static_cast<std::uint32_t>(size);
  if (all != 0 && data_left_ == 0) end_frame();
}

void FrameReader::message(const unsigned char* bytes, std::size_t size) {
  while (size != 0) {
    std::size_t used = 0;
    if (upload_.left == 0) {
      used = std::min(size, kPrefix - upload_.prefix_bytes);
      std::memcpy(&upload_.prefix[upload_.prefix_bytes], bytes, used);
      upload_.prefix_bytes += static_cast<std::uint8_t>(used);
      if (upload_.prefix_bytes == kPrefix) {
        const auto& prefix = upload_.prefix;
        upload_.left = std::uint32_t{prefix[1]} << 24 | std::uint32_t{prefix[2]} << 16 |
                       std::uint32_t{prefix[3]} << 8 | prefix[4];
        upload_.prefix_bytes = 0;
      }
    } else {
      used = std::min<std::size_t>(size, upload_.left);
      upload_.left -= static_cast<std::uint32_t>(used);
    }
    upload_.unfinished += used;
    unfinished_ += used;
    bytes += used;
    size -= used;
    if (upload_.left == 0 && upload_.prefix_bytes == 0) end_message();
  }
}

void FrameReader::end_message() {
  whole_ -= upload_.beyond_free();
  upload_.whole += upload_.unfinished;
  whole_ += upload_.beyond_free();
  drop_message(upload_);
  crumbs_.earn(1);
}

void FrameReader::drop_message(Upload& upload) {
  unfinished_ -= std::exchange(upload.unfinished, 0);
  for (const std::uint64_t buffer : upload.buffers) {
    const auto found = buffers_.find(buffer);
    if (--found->second == 0) buffers_.erase(found);
  }
  upload.buffers.clear();
}

void FrameReader::end_frame() {
  if (ends_stream_) drop_message(upload_);
  const bool is_here = !ends_stream_ || upload_.beyond_free() != 0;  // until it is answered
  if (is_answered_ || !is_here || upload_.whole + upload_.unfinished == 0) {
    drop_message(upload_);
    whole_ -= upload_.beyond_free();
    if (!uploads_.empty()) uploads_.erase(data_stream_);
    return;
  }
  if (upload_.unfinished != 0) keep_buffers();
  uploads_[data_stream_] = std::move(upload_);
  // More than there can be calls: pieces for calls that have ended.
  if (uploads_.size() > 2 * std::size_t{limits_.streams}) abuse_ = Abuse::kDataFrames;
}

void FrameReader::keep_buffers() {
  for (std::uint64_t buffer = data_begin_ / kBuffer; buffer * kBuffer < frame_end_; ++buffer) {
    if (!upload_.buffers.empty() && upload_.buffers.back() == buffer) continue;
    upload_.buffers.push_back(buffer);
    ++buffers_[buffer];
  }
}

void FrameReader::forget(std::uint32_t stream) {
  if (uploads_.empty()) return;
  const auto found = uploads_.find(stream);
  if (found == uploads_.end()) return;
  drop_message(found->second);
  whole_ -= found->second.beyond_free();
  uploads_.erase(found);
}

void FrameReader::was_reset(std::uint32_t stream) {
  if (resets_sent_[0].size() >= limits_.streams) {
    resets_sent_[1] = std::move(resets_sent_[0]);
    resets_sent_[0].clear();
  }
  resets_sent_[0].insert(stream);
}

bool FrameReader::is_reset(std::uint32_t stream) const {
  return (!resets_sent_[0].empty() && resets_sent_[0].contains(stream)) ||
         (!resets_sent_[1].empty() && resets_sent_[1].contains(stream));
}

void FrameReader::wrote(const char* data, std::size_t size) {
  sent_ += size;
  outgoing_.walk(
      data, size,
      [&](const Frame& frame) {
        begin_written(frame);
        return frame.type == Frame::kGoaway;
      },
      [&](const char* bytes, std::size_t count) {
        const std::size_t kept = std::min(count, goaway_.size() - goaway_bytes_);
        std::copy_n(bytes, kept, goaway_.begin() + static_cast<std::ptrdiff_t>(goaway_bytes_));
        goaway_bytes_ += kept;
      });
}

void FrameReader::begin_written(const Frame& frame) {
  if (frame.type == Frame::kData) sent_ += kControlPerData * kBytesPerControl;
  if (frame.type == Frame::kGoaway) goaway_bytes_ = 0;
  sent_settings_ = sent_settings_ || frame.type == Frame::kSettings;
  // gRPC resets a stream that it has answered where the client has not ended it.
  if (frame.type == Frame::kRstStream) was_reset(frame.stream);
  const bool ends = frame.type == Frame::kRstStream ||
                    (frame.type <= Frame::kHeaders && (frame.flags & Frame::kEndStream) != 0);
  if (!ends) return;
  if (frame.type == Frame::kHeaders) ++ended_;
  // The DATA frame that is being read keeps its account until it has ended.
  if (data_left_ != 0 && frame.stream == data_stream_) {
    is_answered_ = true;
  } else {
    forget(frame.stream);
  }
}

std::uint32_t FrameReader::last_taken() const {
  if (goaway_bytes_ < 4) return std::numeric_limits<std::uint32_t>::max();
  const auto byte = [&](std::size_t i) {
    return std::uint32_t{static_cast<unsigned char>(goaway_[i])};
  };
  return (byte(0) & 0x7f) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
}

std::optional<Abuse> FrameReader::was_told_to_calm_down() const {
  if (goaway_bytes_ < 8 || goaway_[7] != Frame::kEnhanceYourCalm) return std::nullopt;
  const std::string_view reason(goaway_.data() + 8, goaway_bytes_ - 8);
  return reason == kTooManyPings ? Abuse::kPings : Abuse::kMemory;
}

}  // namespace weir::rpc
