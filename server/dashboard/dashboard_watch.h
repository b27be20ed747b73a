// SPDX-License-Identifier: Apache-2.0
#pragma once

// DashboardWatch: weir.dashboard.v1.DashboardService.WatchDashboard: the dashboard at once, and
// anew after each change. A client that is slower than the changes skips to the latest: changes
// that come while one is being sent are one reason to read again, not many. One that lacks a part
// is read again after a pause, whatever changes.
//
// Ends with NOT_FOUND when the user is gone, UNAVAILABLE DRAINING when the server is going.
// Thread: any; what it is made of must outlive it.

#include <utility>

#include "async/cancellation.h"
#include "rpc/stream.h"
#include "server/dashboard/dashboard_service.h"
#include "server/dashboard/user_changes.h"

namespace weir::dashboard {

class DashboardWatch {
 public:
  // `dashboards` must read what is committed, not what a cache remembers: see FreshSources.
  DashboardWatch(DashboardService& dashboards, UserChanges& changes, CancellationToken draining)
      : dashboards_(dashboards), changes_(changes), draining_(std::move(draining)) {}

  Task<absl::Status> watch_dashboard(const v1::WatchDashboardRequest& request,
                                     rpc::Writer<v1::Dashboard>& writer);

 private:
  Task<absl::Status> follow(const v1::GetDashboardRequest& request,
                            rpc::Writer<v1::Dashboard>& writer);

  DashboardService& dashboards_;
  UserChanges& changes_;
  const CancellationToken draining_;
};

}  // namespace weir::dashboard
