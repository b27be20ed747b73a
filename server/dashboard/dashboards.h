// SPDX-License-Identifier: Apache-2.0
#pragma once

// Dashboards: all there is for dashboards in one replica, put together: the service, and the watch,
// which reads past the cache.

#include <utility>

#include "server/dashboard/dashboard_service.h"
#include "server/dashboard/dashboard_watch.h"
#include "server/users/users.h"

namespace weir::dashboard {

class Dashboards {
 public:
  // `standby` may be null; what is given must outlive this. Watches end when `draining` is
  // cancelled.
  Dashboards(users::Users& users, posts::PostRepository& posts,
             subscriptions::SubscriptionRepository& subscriptions, postgres::Standby* standby,
             UserChanges& changes, CancellationToken draining, const SectionBudget& budget)
      : stored_(users.cache(), posts, subscriptions, standby),
        service_(stored_, budget),
        fresh_(users.cache(), users.repository(), posts, subscriptions),
        fresh_service_(fresh_, budget),
        watch_(fresh_service_, changes, std::move(draining)) {}

  DashboardService& service() { return service_; }
  DashboardWatch& watch() { return watch_; }

 private:
  StoredSources stored_;
  DashboardService service_;
  FreshSources fresh_;
  DashboardService fresh_service_;
  DashboardWatch watch_;
};

}  // namespace weir::dashboard
