// SPDX-License-Identifier: Apache-2.0
#include "client/dashboards.h"

#include <utility>

#include "client/unary.h"

namespace weir::client {
namespace {

namespace v1 = dashboard::v1;
using Stub = v1::DashboardService::Stub;

constexpr UnaryMethod<Stub, v1::GetDashboardRequest, Dashboard> kGet{
    "GetDashboard", &Stub::PrepareAsyncGetDashboard, Repeat::kHarmless};

}  // namespace

Dashboards::Dashboards(Channel channel)
    : channel_(std::move(channel)), stub_(v1::DashboardService::NewStub(channel_.grpc())) {}

Task<absl::StatusOr<Dashboard>> Dashboards::get(std::int64_t user_id, int post_limit) {
  v1::GetDashboardRequest request;
  request.set_user_id(user_id);
  request.set_post_limit(post_limit);
  return unary(channel_, *stub_, kGet, std::move(request));
}

}  // namespace weir::client
