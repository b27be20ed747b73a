// SPDX-License-Identifier: Apache-2.0
#pragma once

// Socket: bytes to and from a server, by TCP or by TLS on top of it. Reading and writing are like
// read(2) and write(2) on a socket that does not block.

#include <openssl/ssl.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace weir::gload {

struct TlsFiles {
  std::string ca;           // of who signs the server's certificate; empty: no TLS
  std::string certificate;  // our own; empty: we show none
  std::string key;
};

class Socket {
 public:
  // Connects to an IPv4 address, from `source` unless that is empty. Ends the program if it cannot.
  Socket(const std::string& host, int port, const std::string& source, const TlsFiles& tls);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() const { return fd_; }
  bool is_secure() const { return tls_ != nullptr; }

  // Fewer bytes than there is room for are all that there were. -1 and EAGAIN: none.
  ssize_t read(std::uint8_t* buffer, std::size_t room);
  ssize_t write(const char* data, std::size_t length);

 private:
  void begin_tls(const std::string& host, const TlsFiles& files);
  ssize_t result(int tls_result);

  int fd_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_{nullptr, SSL_CTX_free};
  std::unique_ptr<SSL, void (*)(SSL*)> tls_{nullptr, SSL_free};
};

}  // namespace weir::gload
