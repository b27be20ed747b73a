// SPDX-License-Identifier: Apache-2.0
#pragma once

// Listener: a socket that listens, at an address as a person writes it. Tokio:
// tokio::net::TcpListener and UnixListener.
//
//     127.0.0.1:50051, localhost:50051   that address; port 0: any free one
//     [::1]:50051                        an IPv6 address stands in brackets
//     :50051, [::]:50051                 all addresses of both families; IPv4 alone, where the
//                                        kernel has no IPv6
//     unix:/run/weir.sock                a socket file, for its owner and group (0660)
//     unix-abstract:weir                 a name without a file
//
// A socket file that was left by a process which is gone is replaced; one that somebody listens on
// is not. The file is removed when this closes.
//
// Thread: one at a time.

#include <sys/socket.h>
#include <sys/types.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace weir::rpc {

struct ListenAddress {
  enum class Kind : unsigned char { kTcp, kFile, kAbstract };
  Kind kind = Kind::kTcp;
  std::string host;  // without brackets; empty: all. Else the path, or the abstract name
  bool is_ipv6 = false;
  int port = 0;
};

// INVALID_ARGUMENT says what is wrong, without the address.
absl::StatusOr<ListenAddress> parse_listen_address(absl::string_view address);

class Listener {
 public:
  // Connections that the kernel keeps until they are accepted.
  static constexpr int kBacklog = 1024;

  Listener() = default;
  ~Listener() { close(); }
  Listener(Listener&& other) noexcept { *this = std::move(other); }
  Listener& operator=(Listener&& other) noexcept;

  // INVALID_ARGUMENT for what is no address, UNAVAILABLE with the system's reason if it cannot
  // listen there.
  static absl::StatusOr<Listener> open(const std::string& address);

  int fd() const { return fd_; }
  // As it was given, with the port that was found.
  const std::string& address() const { return address_; }
  // Whoever connects from now on is refused.
  void close();

 private:
  int fd_ = -1;
  std::string address_;
  std::string file_;  // to be removed, if it is still this one
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// gRPC's spelling of a client's address, as ServerContext::peer() returns it. Those of socket files
// have none, and gRPC calls all of them "unix:": here each gets a name that nobody else has.
std::string peer_name(const sockaddr_storage& address);

}  // namespace weir::rpc
