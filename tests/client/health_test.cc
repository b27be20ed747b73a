// SPDX-License-Identifier: Apache-2.0
// Health, and with it what a streaming call does on every way out.
#include "client/health.h"

#include <gmock/gmock.h>

#include <chrono>
#include <vector>

#include "async/or_return.h"
#include "async/timeout.h"
#include "rpc/completion_queue_loop.h"
#include "tests/client/fake_server.h"

namespace weir::client {
namespace {

using Response = Health::Response;
using HealthReader = rpc::Reader<Response>;
using ::testing::ElementsAre;

class HealthTest : public ::testing::Test {
 protected:
  HealthTest() : health_(open(server_.address())) {}

  static Health open(const std::string& address) {
    ChannelOptions options;
    options.address = address;
    options.health_checks = false;
    options.retry.max_attempts = 1;
    return Health(Channel::open(options).value());
  }

  FakeServer server_;
  rpc::CompletionQueueLoop loop_;
  Health health_;
};

TEST_F(HealthTest, CheckSaysWhatTheServerSays) {
  EXPECT_EQ(loop_.run(health_.check())->status(), Response::SERVING);
  server_.health.set(Response::NOT_SERVING);
  EXPECT_EQ(loop_.run(health_.check())->status(), Response::NOT_SERVING);
  EXPECT_TRUE(absl::IsNotFound(loop_.run(health_.check("nobody")).status()));
}

TEST_F(HealthTest, WatchYieldsEachChangeAndThenTheEnd) {
  std::vector<int> seen;
  const auto body = [&](HealthReader& changes) -> Task<absl::Status> {
    while (std::optional<Response> change = co_await or_return(changes.read())) {
      seen.push_back(change->status());
      if (seen.size() == 1) server_.health.set(Response::NOT_SERVING);
      if (seen.size() == 2) server_.health.set(Response::SERVING);
      if (seen.size() == 3) server_.health.end_watches(grpc::Status::OK);
    }
    const auto after_the_end = co_await changes.read();
    EXPECT_TRUE(after_the_end.ok() && !after_the_end->has_value());
    co_return absl::OkStatus();
  };
  EXPECT_EQ(loop_.run(health_.watch("", body)), absl::OkStatus());
  EXPECT_THAT(seen, ElementsAre(Response::SERVING, Response::NOT_SERVING, Response::SERVING));
}

TEST_F(HealthTest, TheErrorThatEndsAStreamIsTheResultOfReading) {
  const auto body = [&](HealthReader& changes) -> Task<absl::Status> {
    (void)co_await or_return(changes.read());
    server_.health.end_watches(grpc::Status(grpc::StatusCode::ABORTED, "enough"));
    (void)co_await or_return(changes.read());
    ADD_FAILURE() << "the stream went on";
    co_return absl::OkStatus();
  };
  EXPECT_EQ(loop_.run(health_.watch("", body)), absl::AbortedError("enough"));
}

TEST_F(HealthTest, LeavingTheBodyLeavesTheStream) {
  const auto body = [](HealthReader& changes) -> Task<absl::Status> {
    (void)co_await or_return(changes.read());
    co_return absl::OkStatus();
  };
  EXPECT_EQ(loop_.run(health_.watch("", body)), absl::OkStatus());
  server_.health.wait_until_left();
}

TEST_F(HealthTest, ADeadlineEndsAReadThatWaits) {
  const auto body = [](HealthReader& changes) -> Task<absl::Status> {
    while (co_await or_return(changes.read())) {
    }
    co_return absl::OkStatus();
  };
  const absl::Status ended =
      loop_.run(timeout(std::chrono::milliseconds(100), health_.watch("", body)));
  EXPECT_TRUE(absl::IsDeadlineExceeded(ended)) << ended;
  server_.health.wait_until_left();
}

TEST_F(HealthTest, AServerThatIsNotThereEndsTheStreamAtOnce) {
  server_.stop();
  const auto body = [](HealthReader& changes) -> Task<absl::Status> {
    (void)co_await or_return(changes.read());
    co_return absl::OkStatus();
  };
  EXPECT_TRUE(absl::IsUnavailable(loop_.run(health_.watch("", body))));
}

}  // namespace
}  // namespace weir::client
