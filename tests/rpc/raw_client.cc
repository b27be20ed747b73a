// SPDX-License-Identifier: Apache-2.0
#include "tests/rpc/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "tests/rpc/inbox.h"

namespace weir::rpc::test {
namespace {

constexpr std::uint8_t kData = 0;
constexpr std::uint8_t kHeaders = 1;
constexpr std::uint8_t kReset = 3;
constexpr std::uint8_t kSettings = 4;
constexpr std::uint8_t kPing = 6;
constexpr std::uint8_t kEndStream = 1;
constexpr std::uint8_t kAck = 1;
constexpr std::uint8_t kEndHeaders = 4;

// HPACK integer with a 7-bit prefix and no Huffman coding (RFC 7541, 5.1 and 5.2).
void append_string(std::string& out, std::string_view text) {
  std::size_t length = text.size();
  if (length < 127) {
    out += static_cast<char>(length);
  } else {
    out += static_cast<char>(127);
    for (length -= 127; length >= 128; length /= 128) out += static_cast<char>(length % 128 + 128);
    out += static_cast<char>(length);
  }
  out += text;
}

// Literal, not indexed, new name (6.2.2).
void append_header(std::string& out, std::string_view name, std::string_view value) {
  out += '\0';
  append_string(out, name);
  append_string(out, value);
}

}  // namespace

RawClient::RawClient(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
    ADD_FAILURE() << "cannot connect to " << address;
  }
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  send(fd_, kPreface.data(), kPreface.size(), MSG_NOSIGNAL);
  send_frame(kSettings, 0, 0, "");
}

RawClient::~RawClient() { close(fd_); }

bool RawClient::send_frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                           std::string_view payload) {
  const auto byte = [](std::size_t value, int shift) {
    return static_cast<char>(value >> shift & 0xFF);
  };
  const std::array<char, 9> head = {
      byte(payload.size(), 16), byte(payload.size(), 8),  byte(payload.size(), 0),
      static_cast<char>(type),  static_cast<char>(flags), byte(stream, 24),
      byte(stream, 16),         byte(stream, 8),          byte(stream, 0)};
  std::string frame(head.data(), head.size());
  frame += payload;
  return send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(frame.size());
}

std::uint32_t RawClient::send_headers(std::string_view path, const Headers& more) {
  const std::uint32_t stream = next_stream_;
  next_stream_ += 2;
  std::string block;
  append_header(block, ":method", "POST");
  append_header(block, ":scheme", "http");
  append_header(block, ":path", path);
  append_header(block, ":authority", "test");
  append_header(block, "content-type", "application/grpc");
  append_header(block, "te", "trailers");
  for (const auto& [name, value] : more) append_header(block, name, value);
  send_frame(kHeaders, kEndHeaders, stream, block);
  return stream;
}

std::uint32_t RawClient::send_call(std::string_view path, const Headers& more,
                                   std::string_view message, bool is_compressed) {
  const std::uint32_t stream = send_headers(path, more);
  std::string data(1, is_compressed ? '\1' : '\0');
  data.append(3, '\0');  // of the length, whose last byte follows
  data += static_cast<char>(message.size());
  data += message;
  send_frame(kData, kEndStream, stream, data);
  return stream;
}

void RawClient::send_ping() { send_frame(kPing, 0, 0, "12345678"); }

void RawClient::send_reset(std::uint32_t stream) {
  send_frame(kReset, 0, stream, std::string_view("\0\0\0\x08", 4));  // CANCEL
}

void RawClient::acknowledge_settings() { send_frame(kSettings, kAck, 0, ""); }

void RawClient::set_window(std::uint16_t bytes) {
  std::string setting("\0\x04\0\0", 4);  // INITIAL_WINDOW_SIZE
  setting += static_cast<char>(bytes >> 8);
  setting += static_cast<char>(bytes & 0xFF);
  send_frame(kSettings, 0, 0, setting);
}

template <class Condition>
bool RawClient::read_until(const Condition& condition) {
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        limit - std::chrono::steady_clock::now());
    pollfd readable{fd_, POLLIN, 0};
    if (closed_ || left.count() <= 0) return false;
    if (poll(&readable, 1, static_cast<int>(left.count())) <= 0) continue;
    std::array<char, 16384> buffer;
    const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
    if (got > 0) {
      received_.append(buffer.data(), static_cast<std::size_t>(got));
    } else {
      closed_ = true;
    }
  }
  return true;
}

bool RawClient::wait_for(std::string_view bytes) {
  return read_until([&] { return received_.find(bytes) != std::string::npos; });
}

bool RawClient::wait_for_answer(std::string_view grpc_status) {
  // gRPC sends its trailers as literals without Huffman coding, indexed or not.
  std::string trailer = "grpc-status";
  append_string(trailer, grpc_status);
  return wait_for(trailer);
}

bool RawClient::wait_for_bytes(std::size_t count) {
  return read_until([&] { return received_.size() >= count; });
}

bool RawClient::wait_for_close() {
  return read_until([&] { return closed_; });
}

}  // namespace weir::rpc::test
