// SPDX-License-Identifier: Apache-2.0
#include "server/subscriptions/wire.h"

#include <utility>

#include "server/api/timestamp.h"

namespace weir::subscriptions {

void to_wire(Subscription subscription, v1::Subscription& wire) {
  wire.set_id(subscription.id);
  wire.set_user_id(subscription.user_id);
  wire.set_plan(std::move(subscription.plan));
  wire.set_active(subscription.active);
  api::set_time(*wire.mutable_create_time(), subscription.create_time);
}

v1::Subscription to_wire(Subscription subscription) {
  v1::Subscription wire;
  to_wire(std::move(subscription), wire);
  return wire;
}

}  // namespace weir::subscriptions
