// SPDX-License-Identifier: Apache-2.0
#pragma once

// Introspection: reflection and channelz, for those servers that want them.
//
// gRPC registers both for every server of the process, reflection by merely being linked, so "off"
// means taking the plugin out again.

#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>

#include <memory>
#include <vector>

namespace weir::rpc {

class Introspection final : public grpc::ServerBuilderOption {
 public:
  // Construct it before the builder that it is given to.
  Introspection(bool reflection, bool channelz);

  void UpdateArguments(grpc::ChannelArguments* arguments) override;
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override;

 private:
  const bool reflection_;
  const bool channelz_;
};

}  // namespace weir::rpc
