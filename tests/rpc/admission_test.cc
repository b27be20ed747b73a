// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/admission.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "async/cancelled.h"
#include "google/rpc/error_details.pb.h"
#include "rpc/status.h"
#include "server/status/details.h"
#include "tests/rpc/number_server.h"

namespace weir::rpc {
namespace {

using namespace test;

TEST(Admission, LetsInAsManyAsItsLimit) {
  Admission admission(2);
  std::optional<Admission::Place> first = admission.enter();
  const Admission::Place second = admission.enter();
  EXPECT_TRUE(*first && second);
  EXPECT_FALSE(admission.enter());
  first.reset();
  EXPECT_TRUE(admission.enter());
}

TEST(Admission, CountsArrivalsRefusalsAndProgress) {
  Admission admission(1);
  const Admission::Place place = admission.enter();
  EXPECT_FALSE(admission.enter());
  EXPECT_EQ(admission.arrived(), 2u);
  EXPECT_EQ(admission.refused(), 1u);
  EXPECT_EQ(admission.in_progress(), 1u);
}

TEST(Admission, APlaceThatIsMovedIsGivenBackOnce) {
  Admission admission(1);
  {
    Admission::Place place = admission.enter();
    Admission::Place moved = std::move(place);
    place = std::move(moved);
    EXPECT_EQ(admission.in_progress(), 1u);
  }
  EXPECT_EQ(admission.in_progress(), 0u);
}

TEST(Admission, ClosedItRefusesEveryone) {
  Admission admission(10);
  const Admission::Place before = admission.enter();
  admission.close();
  EXPECT_FALSE(admission.enter());
  EXPECT_EQ(admission.in_progress(), 1u);
}

// The drain takes in_progress() == 0 after close() for the end of all calls, and what is left for
// calls that it cut; so a call on its way to being refused must not show up in it.
TEST(Admission, RefusedCallsAreNeverInProgress) {
  Admission admission(100);
  admission.close();
  std::atomic<bool> stop = false;
  std::vector<std::thread> callers;
  for (int i = 0; i < 2; ++i) {
    callers.emplace_back([&] {
      while (!stop) EXPECT_FALSE(admission.enter());
    });
  }
  std::size_t most = 0;
  while (admission.refused() < 200'000) most = std::max(most, admission.in_progress());
  stop = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(most, 0u);
}

TEST(Admission, TheLimitHoldsExactlyUnderConcurrency) {
  constexpr std::size_t kLimit = 3;
  Admission admission(kLimit);
  std::atomic<std::size_t> inside = 0;
  std::atomic<bool> exceeded = false;
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      for (int j = 0; j < 5'000; ++j) {
        const Admission::Place place = admission.enter();
        if (!place) continue;
        if (++inside > kLimit) exceeded = true;
        --inside;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_FALSE(exceeded);
  EXPECT_EQ(admission.in_progress(), 0u);
  EXPECT_EQ(admission.arrived(), 40'000u);
}

// A server that is full, and then not: its handlers hold their calls until the test lets go.
class FullServer {
 public:
  explicit FullServer(std::size_t max_calls) : server_(limited_to(max_calls)) {
    server_.unary = [this](const Number& request) -> Task<absl::StatusOr<Number>> {
      if (request.value() == 0) co_return number(0);
      most_ = std::max(most_.load(), ++now_);
      (void)co_await cancelled(let_go_);
      --now_;
      co_return number(request.value());
    };
    server_.start();
    for (std::size_t i = 0; i < max_calls; ++i) {
      held_.emplace_back([client = server_.client()] { EXPECT_TRUE(call(*client).ok()); });
    }
    EXPECT_TRUE(eventually([&] { return admission().in_progress() == max_calls; }));
  }
  ~FullServer() { let_go(); }
  void let_go() {
    let_go_.cancel();
    for (std::thread& held : held_) held.join();
    held_.clear();
  }
  NumberServer& server() { return server_; }
  const Admission& admission() { return server_.server().admission(); }
  std::size_t most_at_once() const { return most_; }

 private:
  static ServerOptions limited_to(std::size_t max_calls) {
    ServerOptions options = options_for_tests();
    options.max_calls = max_calls;
    options.loops = 2;
    return options;
  }

  std::atomic<std::size_t> now_ = 0;
  std::atomic<std::size_t> most_ = 0;
  CancellationToken let_go_;
  NumberServer server_;
  std::vector<std::thread> held_;
};

// grpc#28646, #12472: gRPC's C++ server has no such limit of its own.
TEST(Overload, CallsBeyondTheLimitAreRefusedWithPushback) {
  FullServer full(3);
  const auto client = full.server().client();
  CallContext context;
  Number response;
  const grpc::Status status = client->Unary(&context, number(1), &response);
  EXPECT_EQ(status.error_code(), grpc::UNAVAILABLE);

  const auto& trailers = context.GetServerTrailingMetadata();
  const auto pushback = trailers.find("grpc-retry-pushback-ms");
  ASSERT_NE(pushback, trailers.end());
  EXPECT_EQ(std::string(pushback->second.data(), pushback->second.size()), "100");
  const absl::Status refusal = from_grpc(status);
  const auto retry = status::detail_of<google::rpc::RetryInfo>(refusal);
  ASSERT_TRUE(retry.has_value());
  EXPECT_EQ(retry->retry_delay().nanos(), 100'000'000);
  const auto info = status::detail_of<google::rpc::ErrorInfo>(refusal);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "OVERLOADED");
}

TEST(Overload, TheLimitHoldsWhileManyTry) {
  FullServer full(3);
  std::vector<std::thread> others;
  for (int i = 0; i < 4; ++i) {
    others.emplace_back([client = full.server().client()] {
      for (int j = 0; j < 50; ++j) EXPECT_EQ(call(*client).error_code(), grpc::UNAVAILABLE);
    });
  }
  for (std::thread& other : others) other.join();
  EXPECT_EQ(full.most_at_once(), 3u);
  EXPECT_EQ(full.admission().refused(), 200u);
}

TEST(Overload, HealthIsAnsweredNevertheless) {
  FullServer full(1);
  const auto health = grpc::health::v1::Health::NewStub(full.server().channel());
  CallContext context;
  Health::Response response;
  EXPECT_TRUE(health->Check(&context, Health::Request(), &response).ok());
}

TEST(Overload, EndsWhenACallEnds) {
  FullServer full(1);
  const auto client = full.server().client();
  EXPECT_EQ(call(*client, number(0)).error_code(), grpc::UNAVAILABLE);
  full.let_go();
  EXPECT_TRUE(eventually([&] { return full.admission().in_progress() == 0; }));
  EXPECT_TRUE(call(*client, number(0)).ok());
}

}  // namespace
}  // namespace weir::rpc
