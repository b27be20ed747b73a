// SPDX-License-Identifier: Apache-2.0
#include "server/dashboard/dashboard_watch.h"

#include <chrono>

#include "async/or_return.h"
#include "async/timeout.h"
#include "server/api/draining.h"

namespace weir::dashboard {
namespace {

// Of one reading: the call itself may last.
constexpr Duration kReadingLimit = std::chrono::seconds(5);

}  // namespace

Task<absl::Status> DashboardWatch::watch_dashboard(const v1::WatchDashboardRequest& request,
                                                   rpc::Writer<v1::Dashboard>& writer) {
  v1::GetDashboardRequest get;
  get.set_user_id(request.user_id());
  get.set_post_limit(request.post_limit());
  co_return co_await api::until_draining(draining_, follow(get, writer));
}

Task<absl::Status> DashboardWatch::follow(const v1::GetDashboardRequest& request,
                                          rpc::Writer<v1::Dashboard>& writer) {
  UserChanges::Subscription subscription = changes_.subscribe(request.user_id());
  for (;;) {
    (void)subscription.changes().get();  // seen: a later one makes us read again
    const rpc::OnArena<v1::Dashboard> dashboard =
        co_await or_return(co_await timeout(kReadingLimit, dashboards_.get_dashboard(request)));
    co_await or_return(writer.write(*dashboard));
    co_await or_return(co_await subscription.changes().changed());
  }
}

}  // namespace weir::dashboard
