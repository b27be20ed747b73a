// SPDX-License-Identifier: Apache-2.0
#pragma once

// Subscription as it crosses the wire.

#include "server/subscriptions/subscription.h"
#include "weir/subscriptions/v1/subscriptions.pb.h"

namespace weir::subscriptions {

v1::Subscription to_wire(Subscription subscription);
// Into a new message, where it is.
void to_wire(Subscription subscription, v1::Subscription& wire);

}  // namespace weir::subscriptions
