// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sender: one connection to a server, which is made again whenever the server has closed it. It
// sends an opening and then pieces, as quickly as the server takes them.

#include <chrono>
#include <cstdint>
#include <string>

#include "bench/abuse/piece.h"

namespace weir::abuse {

using Clock = std::chrono::steady_clock;

struct Plan {
  int port = 0;                      // of the server, on this machine
  std::string source = "127.0.0.2";  // the address to connect from
  std::string opening;
  std::string piece;
  std::uint32_t step = 0;
  std::uint64_t most_pieces = 0;  // on one connection, after which it is only held; 0: any number
  bool reads = true;
  bool obeys_window = false;  // of the connection
  std::chrono::milliseconds pause{10};
};

class Sender {
 public:
  explicit Sender(const Plan& plan);
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  int fd() const { return fd_; }
  // What to poll for.
  short wanted() const;
  void handle(short events);
  // Connects, if it is time to.
  void look(Clock::time_point now);

  std::uint64_t connections() const { return connections_; }
  std::uint64_t closed() const { return closed_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  void connect();
  void end();
  void read();
  void write();
  void take_frames();
  bool may_send() const;

  const Plan& plan_;
  Piece piece_;
  int fd_ = -1;
  Clock::time_point again_{};
  std::string out_;
  std::size_t sent_ = 0;
  std::string in_;
  std::int64_t window_ = 0;
  std::uint64_t pieces_ = 0;

  std::uint64_t connections_ = 0;
  std::uint64_t closed_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace weir::abuse
