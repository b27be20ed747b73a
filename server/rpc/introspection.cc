// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/introspection.h"

#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/support/channel_arguments.h>

namespace weir::rpc {
namespace {

bool is_reflection(grpc::ServerBuilderPlugin& plugin) {
  return dynamic_cast<grpc::reflection::ProtoServerReflectionPlugin*>(&plugin) != nullptr;
}

// Its class is gRPC's secret; its name is not.
bool is_channelz(grpc::ServerBuilderPlugin& plugin) { return plugin.name() == "channelz_service"; }

}  // namespace

Introspection::Introspection(bool reflection, bool channelz)
    : reflection_(reflection), channelz_(channelz) {
  if (reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  if (channelz) grpc::channelz::experimental::InitChannelzService();
}

void Introspection::UpdateArguments(grpc::ChannelArguments* arguments) {
  arguments->SetInt(GRPC_ARG_ENABLE_CHANNELZ, channelz_ ? 1 : 0);
}

void Introspection::UpdatePlugins(
    std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) {
  std::erase_if(*plugins, [this](const std::unique_ptr<grpc::ServerBuilderPlugin>& plugin) {
    return (!reflection_ && is_reflection(*plugin)) || (!channelz_ && is_channelz(*plugin));
  });
}

}  // namespace weir::rpc
