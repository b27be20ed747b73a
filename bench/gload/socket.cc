// SPDX-License-Identifier: Apache-2.0
#include "bench/gload/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>

#include "bench/gload/die.h"

namespace weir::gload {
namespace {

constexpr std::string_view kHttp2 = "\x02h2";
constexpr std::size_t kReadAhead = std::size_t{128} * 1024;

[[noreturn]] void die_of_errno(const char* what) {
  die(std::string(what) + ": " + std::strerror(errno));
}

[[noreturn]] void die_of_tls(const std::string& what) {
  const unsigned long error = ERR_get_error();
  die(what + ": " + (error == 0 ? "TLS failed" : ERR_error_string(error, nullptr)));
}

sockaddr_in address_of(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    die("'" + host + "' is not an IPv4 address");
  }
  return address;
}

int connect_to(const std::string& host, int port, const std::string& source) {
  const sockaddr_in address = address_of(host, port);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die_of_errno("socket");
  if (!source.empty()) {
    const sockaddr_in own = address_of(source, 0);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&own), sizeof(own)) != 0) die_of_errno("bind");
  }
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    die_of_errno("connect");
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

int as_int(std::size_t length) { return static_cast<int>(std::min<std::size_t>(length, INT_MAX)); }

}  // namespace

Socket::Socket(const std::string& host, int port, const std::string& source, const TlsFiles& tls)
    : fd_(connect_to(host, port, source)) {
  if (!tls.ca.empty()) begin_tls(host, tls);
  fcntl(fd_, F_SETFL, O_NONBLOCK);
}

Socket::~Socket() { close(fd_); }

// The handshake still blocks.
void Socket::begin_tls(const std::string& host, const TlsFiles& files) {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = context_.get();
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Many records in one read, as without TLS.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, kReadAhead);
  if (SSL_CTX_load_verify_file(context, files.ca.c_str()) != 1) die_of_tls(files.ca);
  if (!files.certificate.empty()) {
    if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
      die_of_tls(files.certificate);
    }
    if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
      die_of_tls(files.key);
    }
  }
  tls_.reset(SSL_new(context));
  SSL_set_alpn_protos(tls_.get(), reinterpret_cast<const unsigned char*>(kHttp2.data()),
                      static_cast<unsigned>(kHttp2.size()));
  X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_.get()), host.c_str());
  SSL_set_fd(tls_.get(), fd_);
  if (SSL_connect(tls_.get()) != 1) die_of_tls("handshake");
}

ssize_t Socket::result(int tls_result) {
  if (tls_result > 0) return tls_result;
  switch (SSL_get_error(tls_.get(), tls_result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      errno = EAGAIN;
      return -1;
    case SSL_ERROR_ZERO_RETURN:
      return 0;
    case SSL_ERROR_SYSCALL:
      return errno == 0 ? 0 : -1;
    default:
      die_of_tls("TLS");
  }
}

ssize_t Socket::read(std::uint8_t* buffer, std::size_t room) {
  if (!is_secure()) return ::read(fd_, buffer, room);
  // A record at a time, until there is none: epoll knows nothing of those that were read ahead.
  std::size_t length = 0;
  while (length < room) {
    const ssize_t more = result(SSL_read(tls_.get(), buffer + length, as_int(room - length)));
    if (more <= 0) return length > 0 ? static_cast<ssize_t>(length) : more;
    length += static_cast<std::size_t>(more);
  }
  return static_cast<ssize_t>(length);
}

ssize_t Socket::write(const char* data, std::size_t length) {
  if (!is_secure()) return ::write(fd_, data, length);
  return result(SSL_write(tls_.get(), data, as_int(length)));
}

}  // namespace weir::gload
