// SPDX-License-Identifier: Apache-2.0
#include "client/cli/dashboard_view.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include "client/posts.h"
#include "client/subscriptions.h"

namespace weir::cli {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;

constexpr std::int64_t kNoon = 1'795'176'000;  // 2026-11-20 12:00:00 UTC

client::Dashboard of_ada() {
  setenv("TZ", "UTC", 1);
  client::Dashboard dashboard;
  dashboard.mutable_user()->set_id(42);
  dashboard.mutable_user()->set_name("Ada");
  return dashboard;
}

void add_post(client::Dashboard& dashboard, std::int64_t id, const std::string& title) {
  client::Post& post = *dashboard.add_posts();
  post.set_id(id);
  post.set_title(title);
  post.mutable_create_time()->set_seconds(kNoon);
}

void add_subscription(client::Dashboard& dashboard, const std::string& plan, bool active) {
  client::Subscription& subscription = *dashboard.add_subscriptions();
  subscription.set_id(7);
  subscription.set_plan(plan);
  subscription.set_active(active);
  subscription.mutable_create_time()->set_seconds(kNoon);
}

TEST(DashboardView, IsTheUserAndATableForEachPart) {
  client::Dashboard dashboard = of_ada();
  add_post(dashboard, 10, "Two\nlines");
  add_post(dashboard, 9, "One");
  add_subscription(dashboard, "gold", true);
  add_subscription(dashboard, "silver", false);
  const std::string view = dashboard_view(dashboard);
  EXPECT_THAT(view, StartsWith("id       42\nname     Ada\n"));
  EXPECT_THAT(view, EndsWith("\nposts\n"
                             "ID  CREATED              TITLE\n"
                             "10  2026-11-20 12:00:00  Two\\u000alines\n"
                             " 9  2026-11-20 12:00:00  One\n"
                             "\nsubscriptions\n"
                             "ID  CREATED              STATE      PLAN\n"
                             " 7  2026-11-20 12:00:00  active     gold\n"
                             " 7  2026-11-20 12:00:00  cancelled  silver\n"));
}

TEST(DashboardView, TellsNothingThereFromNotAvailable) {
  client::Dashboard dashboard = of_ada();
  auto& missing = *dashboard.add_unavailable();
  missing.set_section("posts");
  missing.set_code(14);
  missing.set_message("the database is overloaded");
  EXPECT_THAT(dashboard_view(dashboard),
              EndsWith("\nposts\n"
                       "not available: the database is overloaded (UNAVAILABLE)\n"
                       "\nno subscriptions\n"));
}

}  // namespace
}  // namespace weir::cli
