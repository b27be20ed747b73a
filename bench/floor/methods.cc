// SPDX-License-Identifier: Apache-2.0
#include "bench/floor/methods.h"

#include <cstdint>
#include <string>

namespace weir::floor {
namespace {

constexpr int kPosts = 10;
constexpr int kSubscriptions = 2;
constexpr std::size_t kBodyBytes = 200;

void set_time(google::protobuf::Timestamp& time) {
  time.set_seconds(1'700'000'000);
  time.set_nanos(123'456'000);
}

// The size of what the service answers with.
void set_user(std::int64_t id, users::v1::User& user) {
  user.set_id(id);
  user.set_name("Ada Lovelace");
  user.set_email("ada.lovelace@example.com");
  set_time(*user.mutable_create_time());
  set_time(*user.mutable_update_time());
  user.set_etag("\"1\"");
}

}  // namespace

void GetUser::answer(const Request& request, Response& user) { set_user(request.id(), user); }

void GetDashboard::answer(const Request& request, Response& dashboard) {
  static const std::string body(kBodyBytes, 'x');
  set_user(request.user_id(), *dashboard.mutable_user());
  for (int i = 0; i < kPosts; ++i) {
    posts::v1::Post& post = *dashboard.add_posts();
    post.set_id(1'000'000 + i);
    post.set_user_id(request.user_id());
    post.set_title("Post Number 123456");
    post.set_body(body);
    set_time(*post.mutable_create_time());
  }
  for (int i = 0; i < kSubscriptions; ++i) {
    subscriptions::v1::Subscription& subscription = *dashboard.add_subscriptions();
    subscription.set_id(100'000 + i);
    subscription.set_user_id(request.user_id());
    subscription.set_plan("gold");
    subscription.set_active(true);
    set_time(*subscription.mutable_create_time());
  }
}

}  // namespace weir::floor
