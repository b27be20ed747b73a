// SPDX-License-Identifier: Apache-2.0
#pragma once

// ConnectionInput: what a connection's client sends, on its way to gRPC. It is bounded in three
// ways before gRPC spends memory or time on it:
//   - A connection takes turns. gRPC reads one for as long as bytes come, on the thread that serves
//     the others; after kTurn bytes it is told that there are none, and epoll is asked to tell it
//     again, behind all others that have something.
//   - Frames have allowances: frame_reader.h, for connections in the clear.
//   - Bytes that have become no message yet, or one that no call has read, are held against the
//     client's account. Under TLS, where nobody sees messages, these are the bytes that calls,
//     messages that came through and what was sent do not explain.
//
// Trap: gRPC 1.51 does not notice a reset that comes together with bytes (the kernel's TCP_INQ says
// that there is nothing more to read, and epoll has told it); `read_again` wakes it.
// Thread: one at a time; Connection has the lock.

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "server/rpc/abuse.h"
#include "server/rpc/client_account.h"
#include "server/rpc/frame_reader.h"

namespace weir::rpc {

class ConnectionInput {
 public:
  // With `limits` it is in the clear. Without an account nothing is held against anybody.
  ConnectionInput(const FrameLimits* limits, std::shared_ptr<ClientAccount> account);
  ~ConnectionInput() { hold(0); }

  // As recvmsg(2) of `fd`.
  ssize_t receive(int fd, msghdr& message, int flags);
  // What it has just brought: `size` bytes.
  std::optional<Abuse> look(const msghdr& message, std::size_t size, bool has_calls);
  // What has been sent.
  void wrote(const char* data, std::size_t size);
  // In the clear, and between two frames that are sent.
  bool may_write_frame() const { return frames_ && frames_->may_write_frame(); }
  // Why gRPC closes it by itself, if it does so now.
  std::optional<Abuse> grpc_closes_for() const;
  std::size_t most_streams() const { return frames_ ? frames_->most_streams() : 0; }
  // It has never said that it speaks HTTP/2.
  bool is_silent() const { return frames_ && !frames_->knows_settings(); }

  // A call has begun, or has ended without its request.
  void call_began() { explain(kCall); }
  void call_was_refused() { explain(kUnread); }
  // A message has come through, of so many bytes as it came.
  void message_came(std::size_t bytes) { explain(kMessage + bytes); }
  // Its calls have read so many more bytes of messages beyond FrameReader::kFree; or less, when
  // one that had read some has ended.
  void calls_read(std::int64_t bytes) { read_by_calls_ += bytes; }
  void belongs_to(std::shared_ptr<ClientAccount> account);
  ClientAccount* account() const { return account_.get(); }

  // gRPC watches its descriptor `fd` with that epoll.
  void watched_by(int epoll, int fd, const epoll_event& event);
  // gRPC closes it. A closed descriptor stays watched while Connection has its duplicate.
  void unwatched();
  // Makes epoll tell gRPC again. False if nobody watches.
  bool read_again();

 private:
  static constexpr std::size_t kTurn = 64 << 10;
  // Bytes that a frame counts as, and a call: some thirty in a turn.
  static constexpr std::size_t kFrameCost = 64;
  static constexpr std::size_t kCallCost = 2048;
  // Of a client that holds too much, connections with less than this are spared.
  static constexpr std::size_t kLittle = 1 << 20;
  // Under TLS, what explains bytes: those of a call's headers, of the frames and records around a
  // message, of what a client may have sent before it heard that its call is refused; of frames
  // that answer what is sent, each time and for each 16 bytes.
  static constexpr std::size_t kCall = 8 << 10;
  static constexpr std::size_t kMessage = 128;
  static constexpr std::size_t kUnread = 64 << 10;
  static constexpr std::size_t kAnswer = 128;
  static constexpr std::int64_t kMostExplained = 16 << 20;  // in advance

  void hold(std::size_t bytes);
  void explain(std::size_t bytes);

  std::optional<FrameReader> frames_;
  std::shared_ptr<ClientAccount> account_;
  std::size_t held_ = 0;
  std::int64_t read_by_calls_ = 0;
  std::int64_t unexplained_ = 0;  // under TLS; below zero: explained in advance
  std::size_t taken_ = 0;         // in this turn
  bool is_filling_ = false;  // gRPC's buffer has room yet, so it asks once more before it looks
  int epoll_ = -1;
  int grpc_fd_ = -1;
  epoll_event event_{};
};

}  // namespace weir::rpc
