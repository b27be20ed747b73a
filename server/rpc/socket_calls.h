// SPDX-License-Identifier: Apache-2.0
#pragma once

// The system calls that gRPC makes on the connections we handed it, taken in hand: its writes are
// gathered by the Connection, so that all the answers of one turn are one system call, and its
// reads are looked at and bounded before gRPC sees them.
//
// Why so. gRPC 1.51 calls sendmsg once per call, reads a connection for as long as bytes come, and
// offers no hook between its transport and the socket: an endpoint of one's own
// (grpc_server_setup_transport) and the executor behind it are internal, and Debian ships no
// headers for them. TCP_CORK would save the segments and the client's wake-ups, but not the system
// calls, which are a seventh of what a call from the cache costs.
//
// How. gRPC is linked statically, with --wrap for sendmsg, recvmsg, epoll_ctl, shutdown and close
// (CMakeLists.txt). Where it is a shared library, under the sanitizers, the program has functions
// of these names, and the library finds them before libc's: what they do is the same. Every other
// descriptor passes through, for the price of one load. A descriptor is ours from `adopt` until
// gRPC closes it, which it does through the wrapper, so a number is never taken for what it named
// before.

#include <memory>

#include "server/rpc/connection.h"

namespace weir::rpc {

// From now on gRPC's calls on its descriptor `fd` are the connection's.
void adopt(int fd, std::shared_ptr<Connection> connection);

}  // namespace weir::rpc
