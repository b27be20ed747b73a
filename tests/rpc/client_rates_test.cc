// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/client_rates.h"

#include <gtest/gtest.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "rpc/status.h"
#include "server/status/details.h"
#include "tests/rpc/number_server.h"

namespace weir::rpc {
namespace {

using namespace test;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kNow{std::chrono::hours(1)};

TEST(ClientRates, EachClientHasItsOwn) {
  ClientRates rates({.per_second = 10, .burst = 2});
  EXPECT_TRUE(rates.take("a", kNow) && rates.take("a", kNow));
  EXPECT_FALSE(rates.take("a", kNow));
  EXPECT_TRUE(rates.take("b", kNow));
  EXPECT_TRUE(rates.take("a", kNow + milliseconds(100)));
  EXPECT_FALSE(rates.take("a", kNow + milliseconds(100)));
}

TEST(ClientRates, OfVeryManyThoseThatAreIdleAreForgotten) {
  ClientRates rates({.per_second = 1, .burst = 1});
  for (std::size_t i = 0; i < ClientRates::kMostClients; ++i) {
    EXPECT_TRUE(rates.take(absl::StrCat("client", i), kNow));
  }
  EXPECT_TRUE(rates.take("one more", kNow)) << "better too many than one that did nothing refused";
  EXPECT_TRUE(rates.take("one more", kNow));
  EXPECT_TRUE(rates.take("and one later", kNow + seconds(2)));
  EXPECT_EQ(rates.clients(), 1u);
}

TEST(ClientRates, ACallAboveIsResourceExhaustedAndSaysWhen) {
  ServerOptions options = options_for_tests();
  options.client_rate = {.per_second = 1, .burst = 1};
  NumberServer server(options);
  server.start();
  const auto client = server.client();
  EXPECT_TRUE(call(*client).ok());
  const grpc::Status refused = call(*server.client());
  EXPECT_EQ(refused.error_code(), grpc::RESOURCE_EXHAUSTED) << "another connection of the client's";
  const absl::Status status = from_grpc(refused);
  EXPECT_TRUE(status::detail_of<google::rpc::RetryInfo>(status).has_value());
  EXPECT_TRUE(status::detail_of<google::rpc::QuotaFailure>(status).has_value());
}

}  // namespace
}  // namespace weir::rpc
