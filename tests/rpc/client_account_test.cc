// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/client_account.h"

#include <gtest/gtest.h>

#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "async/sleep.h"
#include "google/rpc/error_details.pb.h"
#include "rpc/status.h"
#include "server/rpc/client_identity.h"
#include "server/status/details.h"
#include "tests/rpc/number_server.h"
#include "tests/rpc/raw_client.h"

namespace weir::rpc {
namespace {

using namespace test;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kNow{std::chrono::hours(1)};

TEST(ClientAddress, IsWithoutThePort) {
  EXPECT_EQ(client_address("ipv4:10.0.0.1:43210"), "ipv4:10.0.0.1");
  EXPECT_EQ(client_address("unix:"), "unix:");
  EXPECT_EQ(client_address("unix:17"), "unix:");
  EXPECT_EQ(client_address("unknown"), "unknown");
}

TEST(ClientAddress, OfIPv6IsItsNetwork) {
  EXPECT_EQ(client_address("ipv6:%5B2001:db8:1:2:3:4:5:6%5D:43210"), "ipv6:2001:db8:1:2::/64");
  EXPECT_EQ(client_address("ipv6:%5B2001:db8:1:2:ffff::9%5D:1"), "ipv6:2001:db8:1:2::/64");
  EXPECT_EQ(client_address("ipv6:%5Bfe80::1%25eth0%5D:1"), "ipv6:fe80::/64");
  EXPECT_EQ(client_address("ipv6:%5B::1%5D:1"), "ipv6:::/64");
}

TEST(ClientAccount, BoundsConnectionsAndCallsAndGivesThemBack) {
  ClientAccounts accounts({.connections = 1, .calls = 2});
  const auto account = accounts.of("a");
  {
    const auto connection = ClientAccount::connect(account);
    EXPECT_TRUE(connection);
    EXPECT_FALSE(ClientAccount::connect(account));
    EXPECT_TRUE(ClientAccount::connect(accounts.of("b")));
    std::vector<ClientAccount::CallPlace> calls;
    calls.push_back(ClientAccount::call(account));
    calls.push_back(ClientAccount::call(account));
    EXPECT_FALSE(ClientAccount::call(account));
    calls.pop_back();
    EXPECT_TRUE(ClientAccount::call(account));
  }
  EXPECT_TRUE(ClientAccount::connect(account));
}

TEST(ClientAccount, HoldsBytes) {
  ClientAccounts accounts({.bytes = 10});
  const auto account = accounts.of("a");
  account->hold(10);
  EXPECT_FALSE(account->holds_too_much());
  account->hold(1);
  EXPECT_TRUE(account->holds_too_much());
  account->release(5);
  EXPECT_FALSE(account->holds_too_much());
}

TEST(ClientAccounts, EachClientHasARateOfItsOwn) {
  ClientAccounts accounts({.calls_per_second = 10, .burst = 2});
  EXPECT_TRUE(accounts.of("a")->take(kNow) && accounts.of("a")->take(kNow));
  EXPECT_FALSE(accounts.of("a")->take(kNow));
  EXPECT_TRUE(accounts.of("b")->take(kNow));
  EXPECT_TRUE(accounts.of("a")->take(kNow + milliseconds(100)));
  EXPECT_FALSE(accounts.of("a")->take(kNow + milliseconds(100)));
}

TEST(ClientAccounts, WithoutConnectionsAreForgotten) {
  ClientAccounts accounts({});
  const auto kept = accounts.of("kept");
  kept->hold(1);
  for (int i = 0; i < 10'000; ++i) (void)accounts.of(absl::StrCat("client", i));
  EXPECT_LT(accounts.size(), 200u);
  EXPECT_EQ(accounts.of("kept"), kept);
}

TEST(ClientAccounts, AboveTheirRateAreRememberedButNotAllOfThem) {
  ClientAccounts accounts({.calls_per_second = 1, .burst = 1});
  const TimePoint now = std::chrono::steady_clock::now() + std::chrono::hours(1);
  const auto used_up = [&](int i) { return !accounts.of(absl::StrCat("client", i))->take(now); };
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(used_up(i));
  EXPECT_TRUE(used_up(7));
  for (int i = 1000; i < 50'000; ++i) (void)used_up(i);
  EXPECT_LE(accounts.size(), 2 * ClientAccounts::kMostIdle + 128);
}

TEST(ClientLimits, ACallAboveTheRateIsResourceExhaustedAndSaysWhen) {
  ServerOptions options = options_for_tests();
  options.client = {.calls_per_second = 1, .burst = 1};
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

TEST(ClientLimits, ConnectionsAboveThemAreTurnedAway) {
  ServerOptions options = options_for_tests();
  options.client.connections = 1;
  NumberServer server(options);
  server.start();
  const auto first = server.client();
  ASSERT_TRUE(call(*first).ok());
  RawClient second(server.server().address());
  EXPECT_TRUE(second.wait_for_close());
  EXPECT_TRUE(call(*first).ok());
  EXPECT_EQ(
      std::as_const(server.server()).connections().sent_away().count_of(Abuse::kClientConnections),
      1u);
}

TEST(ClientLimits, CallsInProgressAboveThemAreRefused) {
  ServerOptions options = options_for_tests();
  options.client.calls = 2;
  NumberServer server(options);
  server.start();
  RawClient holder(server.server().address());
  // Streams that send nothing, and a call without its message: all have their place.
  holder.send_headers("/weir.rpc.test.Numbers/ClientStream");
  holder.send_headers("/weir.rpc.test.Numbers/Unary");
  ASSERT_TRUE(eventually([&] { return server.server().admission().in_progress() == 2; }));
  EXPECT_EQ(call(*server.client()).error_code(), grpc::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace weir::rpc
