// SPDX-License-Identifier: Apache-2.0
#include "server/dashboard/dashboard_service.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "async/or_return.h"
#include "async/timeout.h"
#include "async/try_join.h"
#include "server/api/checks.h"
#include "server/posts/wire.h"
#include "server/status/details.h"
#include "server/subscriptions/wire.h"
#include "server/users/errors.h"
#include "server/users/wire.h"
#include "telemetry/with_span.h"

namespace weir::dashboard {
namespace {

using status::BadRequest;

constexpr int kDefaultPosts = 10;
constexpr int kMaxPosts = 100;
constexpr int kMaxSubscriptions = 100;

int post_limit_of(const v1::GetDashboardRequest& request, BadRequest& bad) {
  if (request.post_limit() < 0) bad.add("post_limit", "must not be negative");
  return request.post_limit() == 0 ? kDefaultPosts : std::min(request.post_limit(), kMaxPosts);
}

// What was read of an optional part: all of it, or nothing and why.
template <class Items>
struct Part {
  Items items;
  absl::Status error;
};

// Fails only if the call itself is to end: then it is not the part that is missing.
template <class Items>
Task<absl::StatusOr<Part<Items>>> optional_part(Duration budget,
                                                Task<absl::StatusOr<Items>> reading) {
  absl::StatusOr<Items> items = co_await timeout(budget, std::move(reading));
  const Context& context = co_await this_context();
  if (context.is_cancelled()) co_return context.status();
  Part<Items> part;
  part.error = items.status();
  if (items.ok()) part.items = *std::move(items);
  co_return part;
}

void name_if_missing(const char* section, const absl::Status& error, v1::Dashboard& dashboard) {
  if (error.ok()) return;
  v1::SectionError& missing = *dashboard.add_unavailable();
  missing.set_section(section);
  missing.set_code(static_cast<int>(error.code()));
  missing.set_message(absl::IsDeadlineExceeded(error)
                          ? "could not be read in the time that there was for it; try again"
                          : std::string(error.message()));
}

}  // namespace

Task<absl::StatusOr<rpc::OnArena<v1::Dashboard>>> DashboardService::get_dashboard(
    const v1::GetDashboardRequest& request) {
  BadRequest bad;
  api::check_id("user_id", request.user_id(), bad);
  const int post_limit = post_limit_of(request, bad);
  if (!bad.ok()) co_return bad;
  co_return co_await read(request.user_id(), post_limit);
}

// [get_dashboard]
Task<absl::StatusOr<rpc::OnArena<v1::Dashboard>>> DashboardService::read(std::int64_t user_id,
                                                                         int post_limit) {
  const Context& context = co_await this_context();
  const Duration budget = budget_.of(context);
  auto parts = co_await or_return(co_await try_join(
      // If there is no user, the others are cancelled, down to Postgres.
      with_span(context, "dashboard.user", read_user(user_id)),
      with_span(context, "dashboard.posts",
                optional_part(budget, sources_.posts(user_id, post_limit))),
      with_span(context, "dashboard.subscriptions",
                optional_part(budget, sources_.subscriptions(user_id, kMaxSubscriptions)))));
  auto& [user, posts, subscriptions] = parts;

  rpc::OnArena<v1::Dashboard> dashboard;
  to_wire(std::move(user), *dashboard->mutable_user());
  for (auto& post : posts.items) to_wire(std::move(post), *dashboard->add_posts());
  for (auto& subscription : subscriptions.items) {
    to_wire(std::move(subscription), *dashboard->add_subscriptions());
  }
  name_if_missing("posts", posts.error, *dashboard);
  name_if_missing("subscriptions", subscriptions.error, *dashboard);
  co_return dashboard;
}
// [get_dashboard]

Task<absl::StatusOr<users::User>> DashboardService::read_user(std::int64_t id) {
  std::optional<users::User> user = co_await or_return(sources_.user(id));
  if (!user) co_return users::user_not_found(id);
  co_return *std::move(user);
}

}  // namespace weir::dashboard
