// SPDX-License-Identifier: Apache-2.0
#include "client/cli/http_get.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace weir::cli {
namespace {

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int get() const { return descriptor_; }

 private:
  const int descriptor_;
};

absl::Status failed(const std::string& address, absl::string_view why) {
  return absl::UnavailableError(absl::StrCat("the admin port ", address, ": ", why));
}

// No operation on the socket blocks for longer; connect neither, on Linux.
void limit_waits(int descriptor, Duration limit) {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(limit);
  timeval time{};
  time.tv_sec = whole.count();
  time.tv_usec = std::chrono::duration_cast<std::chrono::microseconds>(limit - whole).count();
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
}

absl::StatusOr<std::unique_ptr<Socket>> connect_to(const std::string& address, Duration limit) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return failed(address, "is not host:port");
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  std::string host = address.substr(0, colon);
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) {
    host = host.substr(1, host.size() - 2);
  }
  const int error = getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found);
  if (error != 0) return failed(address, gai_strerror(error));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, freeaddrinfo);
  int reason = 0;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    auto socket = std::make_unique<Socket>(::socket(one->ai_family, one->ai_socktype, 0));
    limit_waits(socket->get(), limit);
    if (connect(socket->get(), one->ai_addr, one->ai_addrlen) == 0) return socket;
    reason = errno;
  }
  return failed(address, std::strerror(reason));
}

}  // namespace

absl::StatusOr<std::string> http_get(const std::string& address, const std::string& path,
                                     const std::string& token, Duration limit) {
  const TimePoint deadline = std::chrono::steady_clock::now() + limit;
  const auto socket = connect_to(address, limit);
  if (!socket.ok()) return socket.status();
  // 1.0: the answer comes in one piece, and the end of the connection is its end.
  const std::string authorization =
      token.empty() ? "" : absl::StrCat("Authorization: Bearer ", token, "\r\n");
  const std::string request =
      absl::StrCat("GET ", path, " HTTP/1.0\r\nHost: ", address, "\r\n", authorization, "\r\n");
  if (send((*socket)->get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return failed(address, std::strerror(errno));
  }
  std::string answer;
  std::array<char, 16384> piece;
  for (;;) {
    const ssize_t count = recv((*socket)->get(), piece.data(), piece.size(), 0);
    if (count == 0) break;
    if (count < 0 || std::chrono::steady_clock::now() > deadline) {
      return failed(address, count < 0 ? std::strerror(errno) : "answers too slowly");
    }
    answer.append(piece.data(), static_cast<std::size_t>(count));
  }
  const std::size_t body = answer.find("\r\n\r\n");
  const std::string status = answer.substr(0, answer.find("\r\n"));
  if (absl::StrContains(status, " 401 ")) {
    return absl::UnauthenticatedError(
        absl::StrCat("the admin port ", address,
                     " wants its token: WEIR_ADMIN_TOKEN, or the file that "
                     "WEIR_ADMIN_TOKEN_FILE names, as the server has it"));
  }
  if (absl::StrContains(status, " 403 ")) {
    return absl::PermissionDeniedError(
        absl::StrCat("the admin port ", address,
                     " does not answer that from here: the server has no "
                     "WEIR_ADMIN_TOKEN, or does not know this name (--admin-hosts)"));
  }
  if (body == std::string::npos || !absl::StrContains(status, " 200 ")) {
    return failed(address, absl::StrCat(path, " is answered with ", status));
  }
  return answer.substr(body + 4);
}

}  // namespace weir::cli
