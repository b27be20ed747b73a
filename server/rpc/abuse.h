// SPDX-License-Identifier: Apache-2.0
#pragma once

// Abuse: why the server closes a connection, or does not take it, against its client's will.

#include <cstddef>

namespace weir::rpc {

enum class Abuse : unsigned char {
  kHeaderBlock,        // headers of one call that are larger than any that are accepted
  kContinuations,      // headers of one call in more frames than they need
  kStreams,            // more calls than allowed, before it has acknowledged how many that is
  kResets,             // calls that it takes back at once, more than it lets run
  kControlFrames,      // frames that are no part of any call
  kDataFrames,         // messages in crumbs
  kPings,              // pings that gRPC counts, and sends its client away for
  kMemory,             // gRPC has no memory left for it: --max-grpc-bytes
  kBytes,              // requests that it has begun and does not end
  kSilence,            // no HTTP/2 within the time for it
  kConnections,        // more than the server takes
  kClientConnections,  // more than it takes of one client
};
inline constexpr std::size_t kAbuses = 12;

// As in the metrics' label `reason`, in the log and in GOAWAY.
constexpr const char* name_of(Abuse abuse) {
  constexpr const char* kNames[kAbuses] = {"header_block", "continuations",  "streams",
                                           "resets",       "control_frames", "data_frames",
                                           "pings",        "memory",         "bytes",
                                           "silence",      "connections",    "client_connections"};
  return kNames[static_cast<std::size_t>(abuse)];
}

}  // namespace weir::rpc
