// SPDX-License-Identifier: Apache-2.0
#pragma once

// Subscriptions as a person wants to see them; times in the local time zone.

#include <string>

#include "client/subscriptions.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace weir::cli {

// One subscription, a line for each field.
std::string subscription_details(const client::Subscription& subscription);

// A line for each subscription, under headings.
std::string subscription_table(
    const google::protobuf::RepeatedPtrField<client::Subscription>& subscriptions);

}  // namespace weir::cli
