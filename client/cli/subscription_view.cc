// SPDX-License-Identifier: Apache-2.0
#include "client/cli/subscription_view.h"

#include "absl/strings/str_cat.h"
#include "client/cli/local_time.h"
#include "client/cli/table.h"
#include "client/cli/text.h"

namespace weir::cli {
namespace {

const char* state_of(const client::Subscription& subscription) {
  return subscription.active() ? "active" : "cancelled";
}

}  // namespace

std::string subscription_details(const client::Subscription& subscription) {
  return absl::StrCat("id       ", subscription.id(), "\n",               //
                      "user     ", subscription.user_id(), "\n",          //
                      "plan     ", printable(subscription.plan()), "\n",  //
                      "state    ", state_of(subscription), "\n",          //
                      "created  ", local_time_and_zone(subscription.create_time()), "\n");
}

std::string subscription_table(
    const google::protobuf::RepeatedPtrField<client::Subscription>& subscriptions) {
  Table table({{"ID", Table::Align::kRight}, {"CREATED"}, {"STATE"}, {"PLAN"}});
  for (const client::Subscription& subscription : subscriptions) {
    table.add({absl::StrCat(subscription.id()), local_time(subscription.create_time()),
               state_of(subscription), subscription.plan()});
  }
  return table.render();
}

}  // namespace weir::cli
