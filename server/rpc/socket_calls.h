// SPDX-License-Identifier: Apache-2.0
#pragma once

// The system calls that gRPC makes on the connections we handed it, taken in hand: its writes are
// gathered by the Connection, so that all the answers of one turn are one system call.
//
// Why so. gRPC 1.51 calls sendmsg once per call and offers no hook between its transport and the
// socket: an endpoint of one's own (grpc_server_setup_transport) and the executor behind it are
// internal, and Debian ships no headers for them. TCP_CORK saves the segments and the client's
// wake-ups, but not the system calls, which are a seventh of what a call from the cache costs.
//
// How. The release build links gRPC statically, with --wrap for sendmsg, shutdown and close
// (CMakeLists.txt), and then WEIR_WRAP_SOCKET_CALLS is defined. Every other descriptor passes
// through, for the price of one load. A descriptor is ours from `adopt` until gRPC closes it, which
// it does through the wrapper, so a number is never taken for what it named before.
//
// Elsewhere, and with ServerOptions::gather_writes off, answers are corked in the kernel.

#include <memory>

#include "server/rpc/connection.h"

namespace weir::rpc {

#ifdef WEIR_WRAP_SOCKET_CALLS
inline constexpr bool kWrapsSocketCalls = true;
// From now on gRPC's calls on its descriptor `fd` are the connection's.
void adopt(int fd, std::shared_ptr<Connection> connection);
#else
inline constexpr bool kWrapsSocketCalls = false;
inline void adopt(int, const std::shared_ptr<Connection>&) {}
#endif

}  // namespace weir::rpc
