// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/channelz.h"

#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/support/channel_arguments.h>

#include <memory>
#include <vector>

namespace weir::rpc {
namespace {

class Option final : public grpc::ServerBuilderOption {
 public:
  explicit Option(bool wanted) : wanted_(wanted) {}

  void UpdateArguments(grpc::ChannelArguments* arguments) override {
    arguments->SetInt(GRPC_ARG_ENABLE_CHANNELZ, wanted_ ? 1 : 0);
  }
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    if (wanted_) return;
    // Its class is gRPC's secret; its name is not.
    std::erase_if(*plugins, [](const std::unique_ptr<grpc::ServerBuilderPlugin>& plugin) {
      return plugin->name() == "channelz_service";
    });
  }

 private:
  const bool wanted_;
};

}  // namespace

void set_channelz(grpc::ServerBuilder& builder, bool wanted) {
  if (wanted) grpc::channelz::experimental::InitChannelzService();
  builder.SetOption(std::make_unique<Option>(wanted));
}

}  // namespace weir::rpc
