// SPDX-License-Identifier: Apache-2.0
#pragma once

// Frames: walks the bytes of one direction of an HTTP/2 connection, in whatever pieces they come,
// and tells of each frame's header, and of its payload where it is asked for.
//
//     frames.walk(data, size, [&](const Frame& frame) {...}, [&](const char* payload, n) {...});
//
// Thread: one at a time.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace weir::rpc {

// RFC 9113, section 6.
struct Frame {
  enum Type : std::uint8_t {
    kData,
    kHeaders,
    kPriority,
    kRstStream,
    kSettings,
    kPushPromise,
    kPing,
    kGoaway,
    kWindowUpdate,
    kContinuation,
  };
  static constexpr std::uint8_t kEndStream = 1;  // of DATA and HEADERS
  static constexpr std::uint8_t kAck = 1;        // of SETTINGS and PING
  static constexpr std::uint8_t kEndHeaders = 4;
  static constexpr std::uint8_t kPadded = 8;
  static constexpr std::size_t kHeaderBytes = 9;
  static constexpr char kEnhanceYourCalm = 11;  // an error code, of GOAWAY

  std::uint32_t length;
  std::uint8_t type;
  std::uint8_t flags;
  std::uint32_t stream;

  static Frame parse(const unsigned char* header) {
    return {static_cast<std::uint32_t>(header[0] << 16 | header[1] << 8 | header[2]), header[3],
            header[4],
            static_cast<std::uint32_t>((header[5] & 0x7f) << 24 | header[6] << 16 | header[7] << 8 |
                                       header[8])};
  }
};

class Frames {
 public:
  // `begin(frame)` for each frame whose header is complete, and `payload(bytes, size)` for pieces
  // of the payload of a frame for which it returned true.
  template <class Begin, class Payload>
  void walk(const char* data, std::size_t size, const Begin& begin, const Payload& payload) {
    while (size != 0) {
      if (left_ != 0) {
        const std::size_t piece = std::min<std::size_t>(left_, size);
        if (is_wanted_) payload(data, piece);
        left_ -= static_cast<std::uint32_t>(piece);
        data += piece;
        size -= piece;
        continue;
      }
      const unsigned char* header = reinterpret_cast<const unsigned char*>(data);
      std::size_t used = Frame::kHeaderBytes;
      if (have_ != 0 || size < Frame::kHeaderBytes) {
        used = std::min(Frame::kHeaderBytes - have_, size);
        std::memcpy(&header_[have_], data, used);
        have_ += used;
        if (have_ == Frame::kHeaderBytes) {
          have_ = 0;
          header = header_.data();
        } else {
          return;
        }
      }
      data += used;
      size -= used;
      const Frame frame = Frame::parse(header);
      left_ = frame.length;
      is_wanted_ = begin(frame);
    }
  }

  // Between two frames.
  bool is_at_boundary() const { return left_ == 0 && have_ == 0; }

 private:
  std::array<unsigned char, Frame::kHeaderBytes> header_{};
  std::size_t have_ = 0;    // of the next header
  std::uint32_t left_ = 0;  // of this payload
  bool is_wanted_ = false;
};

}  // namespace weir::rpc
