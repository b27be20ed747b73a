// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace weir::rpc {
namespace {

constexpr mode_t kFileMode = 0660;

absl::Status wrong(absl::string_view what) { return absl::InvalidArgumentError(what); }

absl::Status cannot(int error) { return absl::UnavailableError(std::strerror(error)); }

int make_socket(int family) {
  return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

// Binds and listens. Returns the descriptor, or -1 and errno.
int listen_on(const sockaddr* address, socklen_t length) {
  const int fd = make_socket(address->sa_family);
  if (fd < 0) return -1;
  const int on = 1;
  const int off = 0;
  if (address->sa_family != AF_UNIX) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  // "::" means both families.
  if (address->sa_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  if (bind(fd, address, length) == 0 && listen(fd, Listener::kBacklog) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

absl::StatusOr<int> listen_everywhere(int port) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(static_cast<std::uint16_t>(port));
  if (const int fd = listen_on(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6)); fd >= 0) {
    return fd;
  }
  // Without IPv6 in the kernel, or on any of its interfaces.
  if (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL) return cannot(errno);
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = v6.sin6_port;
  const int fd = listen_on(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4));
  if (fd < 0) return cannot(errno);
  return fd;
}

absl::StatusOr<int> listen_tcp(const ListenAddress& address) {
  if (address.host.empty() || address.host == "::") return listen_everywhere(address.port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV | (address.is_ipv6 ? AI_NUMERICHOST : 0);
  addrinfo* found = nullptr;
  const int failed =
      getaddrinfo(address.host.c_str(), absl::StrCat(address.port).c_str(), &hints, &found);
  if (failed != 0) return absl::UnavailableError(gai_strerror(failed));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, freeaddrinfo);
  int error = EADDRNOTAVAIL;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (const int fd = listen_on(one->ai_addr, one->ai_addrlen); fd >= 0) return fd;
    error = errno;
  }
  return cannot(error);
}

int port_of(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

sockaddr_un unix_address(const ListenAddress& address) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  const std::size_t offset = address.kind == ListenAddress::Kind::kAbstract ? 1 : 0;
  std::memcpy(out.sun_path + offset, address.host.data(), address.host.size());
  return out;
}

// Whether it is a socket's file, and nobody is at the other end.
bool is_left_over(const sockaddr_un& address) {
  struct stat file{};
  if (lstat(address.sun_path, &file) != 0 || !S_ISSOCK(file.st_mode)) return false;
  const int fd = make_socket(AF_UNIX);
  if (fd < 0) return false;
  const absl::Cleanup closed = [fd] { close(fd); };
  return connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 &&
         errno == ECONNREFUSED;
}

absl::StatusOr<int> listen_on_file(const ListenAddress& wanted) {
  const sockaddr_un address = unix_address(wanted);
  const std::string path = wanted.host;
  const std::string::size_type slash = path.rfind('/');
  // Two that start at once must not take each other's new file for one that was left.
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int lock = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0) return cannot(errno);
  const absl::Cleanup unlocked = [lock] { close(lock); };
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) return cannot(EADDRINUSE);
  const int fd = make_socket(AF_UNIX);
  if (fd < 0) return cannot(errno);
  absl::Cleanup closed = [fd] { close(fd); };
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  if (bind(fd, generic, sizeof(address)) != 0) {
    if (errno != EADDRINUSE) return cannot(errno);
    if (!is_left_over(address)) return cannot(EADDRINUSE);
    if (unlink(path.c_str()) != 0 || bind(fd, generic, sizeof(address)) != 0) return cannot(errno);
  }
  // Before it listens: until then nobody can connect.
  if (chmod(path.c_str(), kFileMode) != 0 || listen(fd, Listener::kBacklog) != 0) {
    const int error = errno;
    unlink(path.c_str());
    return cannot(error);
  }
  std::move(closed).Cancel();
  return fd;
}

absl::StatusOr<int> listen_abstract(const ListenAddress& wanted) {
  const sockaddr_un address = unix_address(wanted);
  const std::size_t length = offsetof(sockaddr_un, sun_path) + 1 + wanted.host.size();
  const int fd =
      listen_on(reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(length));
  if (fd < 0) return cannot(errno);
  return fd;
}

absl::StatusOr<ListenAddress> parse_unix(ListenAddress::Kind kind, absl::string_view rest) {
  const bool is_file = kind == ListenAddress::Kind::kFile;
  if (is_file && absl::ConsumePrefix(&rest, "//") && !absl::StartsWith(rest, "/")) {
    return wrong("after unix:// the path of the socket begins with /");
  }
  if (rest.empty()) return wrong(is_file ? "unix: needs a path" : "unix-abstract: needs a name");
  // With its last zero, or the first one of an abstract name.
  if (rest.size() >= sizeof(sockaddr_un::sun_path)) {
    return wrong(absl::StrCat("a path or name after unix: has ", sizeof(sockaddr_un::sun_path) - 1,
                              " bytes at most"));
  }
  if (absl::StrContains(rest, absl::string_view("\0", 1))) return wrong("has a zero byte in it");
  ListenAddress parsed;
  parsed.kind = kind;
  parsed.host = std::string(rest);
  return parsed;
}

}  // namespace

absl::StatusOr<ListenAddress> parse_listen_address(absl::string_view address) {
  if (absl::ConsumePrefix(&address, "unix:")) {
    return parse_unix(ListenAddress::Kind::kFile, address);
  }
  if (absl::ConsumePrefix(&address, "unix-abstract:")) {
    return parse_unix(ListenAddress::Kind::kAbstract, address);
  }
  ListenAddress parsed;
  absl::string_view rest = address;
  if (absl::ConsumePrefix(&rest, "[")) {
    const std::size_t end = rest.find(']');
    if (end == absl::string_view::npos) return wrong("the ] after the IPv6 address is missing");
    parsed.is_ipv6 = true;
    parsed.host = std::string(rest.substr(0, end));
    // As in fe80::1%eth0.
    const std::string number = parsed.host.substr(0, parsed.host.find('%'));
    in6_addr ignored{};
    if (inet_pton(AF_INET6, number.c_str(), &ignored) != 1) {
      return wrong("what stands in brackets is no IPv6 address");
    }
    rest.remove_prefix(end + 1);
  } else {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    parsed.host = std::string(rest.substr(0, colon));
    rest.remove_prefix(colon);
    if (rest.find(':', 1) != absl::string_view::npos) {
      return wrong("an IPv6 address stands in brackets, as in [::1]:50051");
    }
  }
  const std::string form = "must be host:port, such as 127.0.0.1:50051, or [::]:50051 for all";
  if (!absl::ConsumePrefix(&rest, ":") || rest.empty()) return wrong(form);
  for (const char c : rest) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      return wrong(absl::StrCat(form, ": the port is a number"));
    }
  }
  if (!absl::SimpleAtoi(rest, &parsed.port) || parsed.port > 65535) {
    return wrong(absl::StrCat(form, ": the port is 65535 at most"));
  }
  for (const char c : parsed.host) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c)) || absl::StrContains("[]/@", c)) {
      return wrong(absl::StrCat(form, ": that is no host"));
    }
  }
  return parsed;
}

Listener& Listener::operator=(Listener&& other) noexcept {
  if (this == &other) return *this;
  close();
  fd_ = std::exchange(other.fd_, -1);
  address_ = std::move(other.address_);
  file_ = std::exchange(other.file_, "");
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

absl::StatusOr<Listener> Listener::open(const std::string& address) {
  const absl::StatusOr<ListenAddress> parsed = parse_listen_address(address);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot listen on ", address, ": ", parsed.status().message()));
  }
  const absl::StatusOr<int> fd = parsed->kind == ListenAddress::Kind::kTcp ? listen_tcp(*parsed)
                                 : parsed->kind == ListenAddress::Kind::kFile
                                     ? listen_on_file(*parsed)
                                     : listen_abstract(*parsed);
  if (!fd.ok()) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", address, ": ", fd.status().message()));
  }
  Listener listener;
  listener.fd_ = *fd;
  listener.address_ = address;
  if (parsed->kind == ListenAddress::Kind::kTcp) {
    listener.address_ = absl::StrCat(address.substr(0, address.rfind(':')), ":", port_of(*fd));
  }
  struct stat file{};
  if (parsed->kind == ListenAddress::Kind::kFile && stat(parsed->host.c_str(), &file) == 0) {
    listener.file_ = parsed->host;
    listener.device_ = file.st_dev;
    listener.inode_ = file.st_ino;
  }
  return listener;
}

void Listener::close() {
  if (fd_ < 0) return;
  struct stat file{};
  // Before the socket is closed: afterwards the file may be a successor's.
  if (!file_.empty() && stat(file_.c_str(), &file) == 0 && file.st_dev == device_ &&
      file.st_ino == inode_) {
    unlink(file_.c_str());
  }
  ::close(std::exchange(fd_, -1));
}

std::string peer_name(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return absl::StrCat("ipv4:", text.data(), ":", ntohs(v4.sin_port));
  }
  if (address.ss_family == AF_UNIX) {
    static std::atomic<std::uint64_t> count = 0;
    return absl::StrCat("unix:#", count.fetch_add(1, std::memory_order_relaxed));
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text.data(), text.size());
    return absl::StrCat("ipv4:", text.data(), ":", ntohs(v6.sin6_port));
  }
  inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  // Of a link's own address, the link; as gRPC writes it.
  const std::string zone = v6.sin6_scope_id == 0 ? "" : absl::StrCat("%25", v6.sin6_scope_id);
  return absl::StrFormat("ipv6:%%5B%s%s%%5D:%d", text.data(), zone, ntohs(v6.sin6_port));
}

}  // namespace weir::rpc
