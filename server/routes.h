// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which handler answers which method: the one place that knows both gRPC's generated services and
// ours.

#include "server/batch/batch_service.h"
#include "server/dashboard/dashboard_service.h"
#include "server/dashboard/dashboard_watch.h"
#include "server/posts/post_service.h"
#include "server/rpc/server.h"
#include "server/subscriptions/subscription_service.h"
#include "server/users/user_service.h"
#include "server/users/user_watch.h"
#include "weir/batch/v1/batch.grpc.pb.h"
#include "weir/dashboard/v1/dashboard.grpc.pb.h"
#include "weir/posts/v1/posts.grpc.pb.h"
#include "weir/subscriptions/v1/subscriptions.grpc.pb.h"
#include "weir/users/v1/users.grpc.pb.h"

namespace weir {

void add_user_routes(rpc::Server& server, users::UserService& users, users::UserWatch& watch);
void add_post_routes(rpc::Server& server, posts::PostService& posts);
void add_subscription_routes(rpc::Server& server,
                             subscriptions::SubscriptionService& subscriptions);
void add_dashboard_routes(rpc::Server& server, dashboard::DashboardService& dashboards,
                          dashboard::DashboardWatch& watch);
void add_batch_routes(rpc::Server& server, batch::BatchService& batches);

}  // namespace weir
