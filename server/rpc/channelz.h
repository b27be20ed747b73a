// SPDX-License-Identifier: Apache-2.0
#pragma once

// Channelz: gRPC's own service of that name, for those servers that want it.
//
// gRPC registers it for every server of the process, so "off" means taking the plugin out again.
// Trap: it is a synchronous service, and a call holds a thread until its client has read the
// answer. So it gets a few threads, and calls beyond them are RESOURCE_EXHAUSTED. Its requests must
// not be compressed, for gRPC inflates none here (inflate.h).

#include <grpcpp/server_builder.h>

namespace weir::rpc {

// Two of them poll; gRPC aborts the process with fewer than one. For ResourceQuota::SetMaxThreads.
inline constexpr int kChannelzThreads = 8;
inline constexpr char kChannelzService[] = "grpc.channelz.v1.Channelz";

void set_channelz(grpc::ServerBuilder& builder, bool wanted);

}  // namespace weir::rpc
