// SPDX-License-Identifier: Apache-2.0
#pragma once

// The methods of the floor: constant answers, under the id that was asked for. Of each service the
// other methods are never awaited: calls of them wait until their deadline.

#include "weir/dashboard/v1/dashboard.grpc.pb.h"
#include "weir/users/v1/users.grpc.pb.h"

namespace weir::floor {

struct GetUser {
  using Service = users::v1::UserService::AsyncService;
  using Request = users::v1::GetUserRequest;
  using Response = users::v1::User;
  static constexpr auto kRequest = &Service::RequestGetUser;
  static void answer(const Request& request, Response& user);
};

// A user, 10 posts and 2 subscriptions.
struct GetDashboard {
  using Service = dashboard::v1::DashboardService::AsyncService;
  using Request = dashboard::v1::GetDashboardRequest;
  using Response = dashboard::v1::Dashboard;
  static constexpr auto kRequest = &Service::RequestGetDashboard;
  static void answer(const Request& request, Response& dashboard);
};

}  // namespace weir::floor
