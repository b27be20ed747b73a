// SPDX-License-Identifier: Apache-2.0
#pragma once

// FrameReader: looks at the HTTP/2 frames of one connection before gRPC does, and says when its
// client is one that should be sent away.
//
// gRPC 1.51 bounds what a call may hold, not what a connection may cost: a header block without an
// end is read for as long as it comes (CVE-2023-33953, grpc#33597), calls that are reset at once
// are free (CVE-2023-44487), and so are frames that belong to no call. Here each kind has an
// allowance (allowance.h) that calls earn: what a client may do besides its calls grows with its
// calls. Beyond that it is drawn from the client's account, which time refills.
//
// It counts what gRPC keeps for the client, too: messages that have begun and not ended, with the
// buffers that their pieces keep, and messages that came and that no call may have read yet.
//
// It looks at the headers of frames and at the lengths of messages, and knows no HPACK: what a call
// is, gRPC says. Thread: one at a time. A connection under TLS has none: its bytes are encrypted.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "async/time.h"
#include "server/rpc/abuse.h"
#include "server/rpc/allowance.h"
#include "server/rpc/client_account.h"
#include "server/rpc/frames.h"

namespace weir::rpc {

struct FrameLimits {
  // Of one call's headers, compressed as they come.
  std::size_t header_block_bytes = 24 << 10;
  std::uint32_t streams = 1000;
};

class FrameReader {
  // What gRPC says to who pings too much.
  static constexpr std::string_view kTooManyPings = "too_many_pings";
  // The largest buffer that gRPC 1.51 reads into; one byte of a message keeps all of it.
  static constexpr std::uint64_t kBuffer = 64 << 10;

 public:
  // Of a call's messages so many bytes are part of what a call takes anyway.
  static constexpr std::uint64_t kFree = 4096;

  explicit FrameReader(const FrameLimits& limits) : limits_(limits) {}

  // What the client sent, whose account may be null. Once there is an answer, the connection is to
  // be closed.
  std::optional<Abuse> read(const char* data, std::size_t size, TimePoint now,
                            ClientAccount* client);
  // What the server has sent.
  void wrote(const char* data, std::size_t size);
  // It is in the middle of one call's headers.
  bool is_in_headers() const { return is_in_headers_; }
  // Why gRPC itself has told the client to calm down.
  std::optional<Abuse> was_told_to_calm_down() const;
  std::uint32_t most_streams() const { return limits_.streams; }
  // It has had more calls at once than it may, for which gRPC closes the connection.
  bool has_had_too_many_streams() const { return has_had_too_many_streams_; }
  // Whether the next byte that is sent begins a frame.
  bool may_write_frame() const { return outgoing_.is_at_boundary(); }

  // Frames, ever, and calls.
  std::uint64_t frames() const { return frames_; }
  std::uint64_t calls() const { return streams_; }
  // It has acknowledged the settings.
  bool knows_settings() const { return knows_settings_; }
  // Bytes of messages that have begun and not ended.
  std::uint64_t unfinished_bytes() const { return unfinished_; }
  // Those of gRPC's buffers that their pieces keep.
  std::uint64_t buffer_bytes() const { return kBuffer * buffers_.size(); }
  // Bytes of whole messages of calls that are here, each call's beyond kFree.
  std::uint64_t whole_bytes() const { return whole_; }

 private:
  // What has come of one stream's messages.
  struct Upload {
    std::array<unsigned char, 5> prefix{};
    std::uint8_t prefix_bytes = 0;
    std::uint32_t left = 0;              // of the message that has begun
    std::uint64_t unfinished = 0;        // bytes of it
    std::vector<std::uint64_t> buffers;  // that these are in
    std::uint64_t whole = 0;             // bytes of messages before it
    std::uint64_t beyond_free() const { return whole > kFree ? whole - kFree : 0; }
  };

  bool begin(const Frame& frame);
  void begin_headers(const Frame& frame);
  void begin_continuation(const Frame& frame);
  void begin_reset(const Frame& frame);
  bool begin_data(const Frame& frame);
  void data(const char* bytes, std::size_t size);
  void message(const unsigned char* bytes, std::size_t size);
  void end_message();
  void end_frame();
  void keep_buffers();
  void drop_message(Upload& upload);
  void forget(std::uint32_t stream);
  void begin_written(const Frame& frame);
  // The last stream that the server takes: after GOAWAY, gRPC skips those beyond it.
  std::uint32_t last_taken() const;
  // Calls that neither side has ended; rather too few, where both have.
  std::uint32_t open_streams() const { return streams_ > ended_ ? streams_ - ended_ : 0; }
  void was_reset(std::uint32_t stream);
  bool is_reset(std::uint32_t stream) const;
  void look_at_clock();
  void spend(Allowance& allowance, std::int64_t units, Abuse abuse) {
    if (!allowance.spend(units, client_, now_)) abuse_ = abuse;
  }

  const FrameLimits limits_;
  TimePoint now_{};  // of this read, as is `client_`
  ClientAccount* client_ = nullptr;
  std::optional<Abuse> abuse_;
  std::size_t preface_bytes_ = 0;
  bool is_http2_ = true;
  Frames incoming_;
  Frames outgoing_;
  std::uint64_t frames_ = 0;
  std::uint64_t frame_end_ = 0;  // where the frame that is being read ends, among all bytes
  // GOAWAY, as it was sent: the last stream, the code, a reason.
  std::array<char, 8 + kTooManyPings.size()> goaway_{};
  std::size_t goaway_bytes_ = 0;

  // Calls.
  std::uint32_t last_stream_ = 0;
  std::uint32_t streams_ = 0;  // ever
  std::uint32_t ended_ = 0;
  bool sent_settings_ = false;
  bool knows_settings_ = false;
  bool is_in_headers_ = false;
  bool is_no_call_ = false;  // these headers: gRPC only unpacks them
  bool has_had_too_many_streams_ = false;
  // Streams above `recent_` began a moment ago.
  std::uint32_t recent_ = 0;
  std::uint32_t next_recent_ = 0;
  TimePoint next_look_{};
  std::size_t block_bytes_ = 0;
  std::size_t block_frames_ = 0;

  // Calls that are taken back a moment after they began: one in two calls earns one.
  Allowance resets_{Cost::kReset, 2, 1000};
  // Frames that are no part of a call, among them those that widen a window: calls earn them, and
  // what the server sends.
  Allowance control_{Cost::kControlFrame, 50, 10'000};
  // Pieces of messages of less than 64 bytes that end none: messages earn them, and calls.
  Allowance crumbs_{Cost::kCrumb, 50, 50'000};
  std::uint64_t sent_ = 0;  // bytes that have not earned anything yet

  // The DATA frame that is being read.
  std::uint32_t data_stream_ = 0;
  std::uint64_t data_begin_ = 0;  // where it begins, among all bytes
  std::uint32_t data_left_ = 0;   // of its payload, padding included
  std::uint32_t padding_ = 0;
  bool is_padding_known_ = true;
  bool ends_stream_ = false;
  bool is_answered_ = false;  // its stream: nobody reads it any more
  Upload upload_;

  absl::flat_hash_map<std::uint32_t, Upload> uploads_;  // by stream, between its frames
  // gRPC's buffers that unfinished messages are in, by their number, with how many these are.
  absl::flat_hash_map<std::uint64_t, std::uint32_t> buffers_;
  std::uint64_t unfinished_ = 0;
  std::uint64_t whole_ = 0;
  // Streams that the server has reset, the latest and those before: what their client had sent
  // until it knew begins no message, and nothing more may come to end one.
  std::array<absl::flat_hash_set<std::uint32_t>, 2> resets_sent_;
};

}  // namespace weir::rpc
