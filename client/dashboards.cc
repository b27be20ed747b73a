// SPDX-License-Identifier: Apache-2.0
#include "client/dashboards.h"

#include <optional>
#include <utility>

#include "async/or_return.h"
#include "client/resumption.h"
#include "client/server_stream.h"
#include "client/unary.h"

namespace weir::client {
namespace {

namespace v1 = dashboard::v1;
using Stub = v1::DashboardService::Stub;

constexpr UnaryMethod<Stub, v1::GetDashboardRequest, Dashboard> kGet{
    "GetDashboard", &Stub::PrepareAsyncGetDashboard, Repeat::kRead};

constexpr StreamMethod<Stub, v1::WatchDashboardRequest, Dashboard> kWatch{
    "WatchDashboard", &Stub::PrepareAsyncWatchDashboard};

}  // namespace

Dashboards::Dashboards(Channel channel)
    : channel_(std::move(channel)), stub_(v1::DashboardService::NewStub(channel_.grpc())) {}

Task<absl::StatusOr<Dashboard>> Dashboards::get(std::int64_t user_id, int post_limit) {
  v1::GetDashboardRequest request;
  request.set_user_id(user_id);
  request.set_post_limit(post_limit);
  return unary(channel_, *stub_, kGet, std::move(request));
}

Task<absl::Status> Dashboards::watch(Watch watch) {
  const auto attempt = [&](bool& received) -> Task<absl::Status> {
    v1::WatchDashboardRequest request;
    request.set_user_id(watch.user_id);
    request.set_post_limit(watch.post_limit);
    const auto body = [&](rpc::Reader<Dashboard>& dashboards) -> Task<absl::Status> {
      while (const std::optional<Dashboard> dashboard = co_await or_return(dashboards.read())) {
        received = true;
        if (!watch.on_dashboard(*dashboard)) co_return absl::OkStatus();
      }
      co_return absl::UnavailableError("the server ended the watch");
    };
    return server_stream(*stub_, kWatch, request, body);
  };
  co_return co_await with_resumption(channel_.options().retry, watch.interrupted, attempt);
}

}  // namespace weir::client
