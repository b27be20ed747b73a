// SPDX-License-Identifier: Apache-2.0
// Two servers behind one channel: who gets the calls.
#include "client/channel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/users.h"
#include "rpc/completion_queue_loop.h"
#include "tests/client/fake_server.h"

namespace weir::client {
namespace {

using Serving = FakeHealth::Response;

class ChannelTest : public ::testing::Test {
 protected:
  ChannelTest() {
    for (int i = 0; i < 2; ++i) {
      servers_[i].users.get = [this, i](auto&, const users::v1::GetUserRequest&, User& user) {
        ++calls_[i];
        user = make_user(i, "", "");
        return grpc::Status::OK;
      };
    }
    options_.address = absl::StrCat(servers_[0].address(), ",", servers_[1].address());
    options_.default_timeout = std::chrono::seconds(30);
    options_.retry.max_attempts = 1;
  }

  // Which server answered a call, or -1.
  int call(Users& users) {
    const auto user = loop_.run(users.get(1));
    EXPECT_TRUE(user.ok()) << user.status();
    return user.ok() ? static_cast<int>(user->id()) : -1;
  }

  FakeServer servers_[2];
  std::atomic<int> calls_[2] = {0, 0};
  ChannelOptions options_;
  rpc::CompletionQueueLoop loop_;
};

TEST_F(ChannelTest, AnAddressThatIsNoneIsRefused) {
  options_.address = "nowhere";
  EXPECT_TRUE(absl::IsInvalidArgument(Channel::open(options_).status()));
}

// Of a name: gRPC asks no proxy for lists of addresses.
TEST_F(ChannelTest, NothingOnThisMachineIsReachedByAProxy) {
  const std::string address = servers_[0].address();
  options_.address = absl::StrCat("localhost", address.substr(address.rfind(':')));
  for (const char* variable : {"http_proxy", "https_proxy", "grpc_proxy"}) {
    setenv(variable, "http://127.0.0.1:9", 1);  // where nobody listens
    Users users(Channel::open(options_).value());
    EXPECT_EQ(call(users), 0) << variable;
    unsetenv(variable);
  }
}

TEST_F(ChannelTest, RoundRobinReachesEveryServer) {
  Users users(Channel::open(options_).value());
  // The second may take a moment longer to connect to.
  while (calls_[0] == 0 || calls_[1] == 0) ASSERT_GE(call(users), 0);
  const int before = calls_[0];
  for (int i = 0; i < 10; ++i) call(users);
  EXPECT_EQ(calls_[0] - before, 5);
}

TEST_F(ChannelTest, PickFirstStaysWithOne) {
  options_.balance = Balance::kPickFirst;
  Users users(Channel::open(options_).value());
  const int first = call(users);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(call(users), first);
}

TEST_F(ChannelTest, AServerThatIsNotServingGetsNoCalls) {
  servers_[0].health.set(Serving::NOT_SERVING);
  Users users(Channel::open(options_).value());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(call(users), 1);
  EXPECT_EQ(calls_[0], 0);
}

TEST_F(ChannelTest, AServerThatStopsServingIsLeftWithoutAFailedCall) {
  Users users(Channel::open(options_).value());
  while (calls_[0] == 0 || calls_[1] == 0) ASSERT_GE(call(users), 0);
  servers_[0].health.set(Serving::NOT_SERVING);
  // Until the news is here both answer; from then on only one does, twice in a row already says so.
  for (int in_a_row = 0; in_a_row < 4;) in_a_row = call(users) == 1 ? in_a_row + 1 : 0;
  const int before = calls_[0];
  for (int i = 0; i < 20; ++i) call(users);
  EXPECT_EQ(calls_[0], before);
}

TEST_F(ChannelTest, AServerWhoseCallsAllFailIsLeftOutThoughItSaysThatItIsHealthy) {
  servers_[0].users.get = [this](auto&, const users::v1::GetUserRequest&, User&) {
    ++calls_[0];
    return grpc::Status(grpc::StatusCode::INTERNAL, "always");
  };
  options_.ejection.interval = std::chrono::milliseconds(100);
  options_.ejection.least_calls = 5;
  options_.ejection.time = std::chrono::hours(1);
  options_.throttle.enabled = false;
  Users users(Channel::open(options_).value());
  int in_a_row = 0;
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (in_a_row < 100 && std::chrono::steady_clock::now() < give_up) {
    in_a_row = loop_.run(users.get(1)).ok() ? in_a_row + 1 : 0;
  }
  EXPECT_EQ(in_a_row, 100) << "every second call went to the one that fails";
  EXPECT_GE(calls_[0], 5);
}

TEST_F(ChannelTest, WithoutHealthChecksAServerThatIsNotServingIsAsked) {
  servers_[0].health.set(Serving::NOT_SERVING);
  servers_[1].health.set(Serving::NOT_SERVING);
  options_.health_checks = false;
  Users users(Channel::open(options_).value());
  EXPECT_GE(call(users), 0);
}

}  // namespace
}  // namespace weir::client
