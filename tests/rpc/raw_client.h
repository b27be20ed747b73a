// SPDX-License-Identifier: Apache-2.0
#pragma once

// RawClient: HTTP/2 by hand, for what a well-behaved gRPC client never does. It sends frames and
// looks for what comes back; it keeps no state and acknowledges nothing unless told to.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::rpc::test {

class RawClient {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  // Connects to host:port and sends the preface and empty settings.
  explicit RawClient(const std::string& address);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // A whole gRPC request of one message, of at most 255 bytes, on a new stream; returns the stream.
  // `is_compressed`: so the message's flag says.
  std::uint32_t send_call(std::string_view path, const Headers& more = {},
                          std::string_view message = "", bool is_compressed = false);
  // Its headers alone.
  std::uint32_t send_headers(std::string_view path, const Headers& more = {});
  void send_ping();
  void send_reset(std::uint32_t stream);
  void acknowledge_settings();
  // How many bytes of data each stream opened from now on takes.
  void set_window(std::uint16_t bytes);
  // Any frame; false once the server does not take it any more.
  bool send_frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload);

  // Bounded waits, for a piece of what the server sends, or for it to close the connection.
  bool wait_for(std::string_view bytes);
  // For trailers with that grpc-status.
  bool wait_for_answer(std::string_view grpc_status);
  bool wait_for_close();
  bool wait_for_bytes(std::size_t count);
  const std::string& received() const { return received_; }

 private:
  template <class Condition>
  bool read_until(const Condition& condition);

  int fd_ = -1;
  std::uint32_t next_stream_ = 1;
  bool closed_ = false;
  std::string received_;
};

}  // namespace weir::rpc::test
