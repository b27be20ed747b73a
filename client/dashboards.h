// SPDX-License-Identifier: Apache-2.0
#pragma once

// Dashboards: weir.dashboard.v1.DashboardService as coroutines. Errors and retries as for
// client::Users.
//
// Lifetime: it must outlive its tasks. Thread: any; each task on a rpc::CompletionQueueLoop.

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "async/task.h"
#include "client/channel.h"
#include "weir/dashboard/v1/dashboard.grpc.pb.h"

namespace weir::client {

using Dashboard = dashboard::v1::Dashboard;

class Dashboards {
 public:
  explicit Dashboards(Channel channel);

  // A part that is not there is named in `unavailable`. post_limit 0: as many as the server likes.
  Task<absl::StatusOr<Dashboard>> get(std::int64_t user_id, int post_limit = 0);

  // Calls `on_dashboard` with the dashboard at once, and again after each change, until it returns
  // false. Goes on by itself when the connection or the server ends; see client/resumption.h.
  struct Watch {
    std::int64_t user_id = 0;
    int post_limit = 0;
    std::function<bool(const Dashboard& dashboard)> on_dashboard;
    std::function<void(const absl::Status& why)> interrupted;  // may be null
  };
  Task<absl::Status> watch(Watch watch);

 private:
  using Stub = dashboard::v1::DashboardService::Stub;

  const Channel channel_;
  const std::unique_ptr<Stub> stub_;
};

}  // namespace weir::client
