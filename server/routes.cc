// SPDX-License-Identifier: Apache-2.0
#include "server/routes.h"

#include <functional>

namespace weir {
namespace {

// Makes a handler of a method of `service`.
template <class Service>
auto handlers_of(Service& service) {
  return [&service](auto method) { return std::bind_front(method, &service); };
}

}  // namespace

void add_user_routes(rpc::Server& server, users::UserService& users, users::UserWatch& watch) {
  using Async = users::v1::UserService::AsyncService;
  using users::UserService;
  auto routes = server.add_service(users::v1::UserService::service_full_name());
  const auto to = handlers_of(users);
  routes.unary("CreateUser", &Async::RequestCreateUser, to(&UserService::create_user));
  routes.unary("GetUser", &Async::RequestGetUser, to(&UserService::get_user));
  routes.unary("ListUsers", &Async::RequestListUsers, to(&UserService::list_users));
  routes.unary("UpdateUser", &Async::RequestUpdateUser, to(&UserService::update_user));
  routes.unary("DeleteUser", &Async::RequestDeleteUser, to(&UserService::delete_user));
  routes.unary("BatchGetUsers", &Async::RequestBatchGetUsers, to(&UserService::batch_get_users));
  routes.unary("VerifyPassword", &Async::RequestVerifyPassword, to(&UserService::verify_password));
  routes.server_streaming("WatchUsers", &Async::RequestWatchUsers,
                          std::bind_front(&users::UserWatch::watch_users, &watch),
                          rpc::Method::Length::kAsAsked);
}

void add_post_routes(rpc::Server& server, posts::PostService& posts) {
  using Async = posts::v1::PostService::AsyncService;
  using posts::PostService;
  auto routes = server.add_service(posts::v1::PostService::service_full_name());
  const auto to = handlers_of(posts);
  routes.unary("CreatePost", &Async::RequestCreatePost, to(&PostService::create_post));
  routes.unary("ListPosts", &Async::RequestListPosts, to(&PostService::list_posts));
  routes.unary("DeletePost", &Async::RequestDeletePost, to(&PostService::delete_post));
}

void add_subscription_routes(rpc::Server& server,
                             subscriptions::SubscriptionService& subscriptions) {
  using Async = subscriptions::v1::SubscriptionService::AsyncService;
  using subscriptions::SubscriptionService;
  auto routes = server.add_service(subscriptions::v1::SubscriptionService::service_full_name());
  const auto to = handlers_of(subscriptions);
  routes.unary("CreateSubscription", &Async::RequestCreateSubscription,
               to(&SubscriptionService::create_subscription));
  routes.unary("ListSubscriptions", &Async::RequestListSubscriptions,
               to(&SubscriptionService::list_subscriptions));
  routes.unary("CancelSubscription", &Async::RequestCancelSubscription,
               to(&SubscriptionService::cancel_subscription));
}

void add_dashboard_routes(rpc::Server& server, dashboard::DashboardService& dashboards,
                          dashboard::DashboardWatch& watch) {
  using Async = dashboard::v1::DashboardService::AsyncService;
  using dashboard::DashboardService;
  auto routes = server.add_service(dashboard::v1::DashboardService::service_full_name());
  const auto to = handlers_of(dashboards);
  routes.unary("GetDashboard", &Async::RequestGetDashboard, to(&DashboardService::get_dashboard));
  routes.server_streaming("WatchDashboard", &Async::RequestWatchDashboard,
                          std::bind_front(&dashboard::DashboardWatch::watch_dashboard, &watch),
                          rpc::Method::Length::kAsAsked);
}

void add_batch_routes(rpc::Server& server, batch::BatchService& batches) {
  using Async = batch::v1::BatchService::AsyncService;
  using batch::BatchService;
  using Length = rpc::Method::Length;
  auto routes = server.add_service(batch::v1::BatchService::service_full_name());
  routes.set_priority(rpc::Method::Priority::kBatch);
  const auto to = handlers_of(batches);
  routes.bidi("ProcessBatch", &Async::RequestProcessBatch, to(&BatchService::process_batch),
              Length::kAsAsked);
  routes.client_streaming("SubmitBatch", &Async::RequestSubmitBatch,
                          to(&BatchService::submit_batch), Length::kAsAsked);
  routes.set_priority(rpc::Method::Priority::kNormal);  // to look, or to cancel, is no work
  routes.unary("GetBatch", &Async::RequestGetBatch, to(&BatchService::get_batch));
  routes.server_streaming("WatchBatch", &Async::RequestWatchBatch, to(&BatchService::watch_batch),
                          Length::kAsAsked);
  routes.unary("ListBatchResults", &Async::RequestListBatchResults,
               to(&BatchService::list_batch_results));
  routes.unary("CancelBatch", &Async::RequestCancelBatch, to(&BatchService::cancel_batch));
}

}  // namespace weir
