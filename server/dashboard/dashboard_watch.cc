// SPDX-License-Identifier: Apache-2.0
#include "server/dashboard/dashboard_watch.h"

#include <chrono>
#include <utility>

#include "async/backoff.h"
#include "async/or_return.h"
#include "async/timeout.h"
#include "server/api/draining.h"

namespace weir::dashboard {
namespace {

// Of one reading: the call itself may last.
constexpr Duration kReadingLimit = std::chrono::seconds(5);
// Until what was left out is asked for again.
constexpr Duration kFirstPause = std::chrono::seconds(1);
constexpr Duration kLongestPause = std::chrono::seconds(30);

Task<absl::Status> next_change(UserChanges::Subscription& subscription) {
  co_return co_await subscription.changes().changed();
}

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
  const Context& context = co_await this_context();
  UserChanges::Subscription subscription = changes_.subscribe(request.user_id());
  Backoff backoff(kFirstPause, kLongestPause);
  for (;;) {
    (void)subscription.changes().get();  // seen: a later one makes us read again
    auto read = co_await timeout(kReadingLimit, dashboards_.get_dashboard(request));
    // Not the call's deadline: it has none.
    if (absl::IsDeadlineExceeded(read.status()) && !context.is_cancelled()) {
      co_return absl::UnavailableError("the dashboard could not be read in time");
    }
    const rpc::OnArena<v1::Dashboard> dashboard = co_await or_return(std::move(read));
    co_await or_return(writer.write(*dashboard));
    const bool is_whole = dashboard->unavailable().empty();
    if (is_whole) backoff.reset();
    const Duration patience = is_whole ? Duration::max() : backoff.next();
    const absl::Status changed = co_await timeout(patience, next_change(subscription));
    if (context.is_cancelled()) co_return context.status();
    if (!changed.ok() && !absl::IsDeadlineExceeded(changed)) co_return changed;
  }
}

}  // namespace weir::dashboard
