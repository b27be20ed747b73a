// SPDX-License-Identifier: Apache-2.0
// Calls that find no place of their method, on a real server.

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "async/cancelled.h"
#include "google/rpc/error_details.pb.h"
#include "rpc/status.h"
#include "server/status/details.h"
#include "tests/rpc/number_server.h"

namespace weir::rpc {
namespace {

using namespace test;

// One place, and somebody has it.
class OnePlace {
 public:
  OnePlace() : server_(one()) {
    server_.unary = [this](const Number& request) -> Task<absl::StatusOr<Number>> {
      inside_ = true;
      (void)co_await cancelled(let_go_);
      co_return request;
    };
    server_.start();
    holder_ = std::thread([this] { held_ = call(*server_.client()); });
    EXPECT_TRUE(eventually([&] { return inside_.load(); }));
  }
  ~OnePlace() { let_go(); }

  grpc::Status let_go() {
    let_go_.cancel();
    if (holder_.joinable()) holder_.join();
    return held_;
  }
  NumberServer& server() { return server_; }
  std::size_t waiting() {
    std::size_t count = 0;
    server_.server().for_each_loop([&](const ServerLoop& loop) {
      for (const auto& method : server_.server().methods()) {
        if (method->is_limited()) count += loop.limit(*method)->waiting();
      }
    });
    return count;
  }
  std::uint64_t refused(Refusal why) const { return server_.refused(why); }

 private:
  static ServerOptions one() {
    ServerOptions options = options_for_tests();
    options.limit.first = options.limit.least = 1;
    return options;
  }

  std::atomic<bool> inside_ = false;
  CancellationToken let_go_;
  NumberServer server_;
  grpc::Status held_;
  std::thread holder_;
};

TEST(Line, WhoWaitsInVainIsToldWhenToTryAgain) {
  OnePlace server;
  CallContext context;
  Number response;
  const grpc::Status status = server.server().client()->Unary(&context, number(1), &response);
  EXPECT_EQ(status.error_code(), grpc::UNAVAILABLE);
  const auto& trailers = context.GetServerTrailingMetadata();
  EXPECT_EQ(trailers.count("grpc-retry-pushback-ms"), 1u);
  const absl::Status refusal = from_grpc(status);
  EXPECT_TRUE(status::detail_of<google::rpc::RetryInfo>(refusal).has_value());
  EXPECT_EQ(server.refused(Refusal::kLineSlow), 1u);
  EXPECT_EQ(server.waiting(), 0u);
  EXPECT_TRUE(server.let_go().ok());
  EXPECT_TRUE(call(*server.server().client()).ok());
}

TEST(Line, AnotherMethodHasPlacesOfItsOwnAndStreamsNeedNone) {
  OnePlace server;
  CallContext context;
  const auto stream = server.server().client()->ServerStream(&context, number(1));
  Number response;
  while (stream->Read(&response)) {
  }
  EXPECT_TRUE(stream->Finish().ok());
}

TEST(Line, WhileOthersWaitBatchesAreRefusedAtOnce) {
  OnePlace server;
  const auto client = server.server().client();
  // "While" lasts half a second: on a slow machine it may be over before the batch comes.
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(call(*client).error_code(), grpc::UNAVAILABLE);
    CallContext context;
    context.AddMetadata("weir-priority", "batch");
    Number response;
    EXPECT_EQ(client->Unary(&context, number(1), &response).error_code(), grpc::UNAVAILABLE);
    return server.refused(Refusal::kShed) > 0;
  }));
}

TEST(Line, CallsThatAreCutWhileTheyWaitEnd) {
  OnePlace server;
  std::vector<std::thread> callers;
  std::atomic<int> ended = 0;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&, client = server.server().client()] {
      (void)call(*client);  // cut, or served by a place that came free a moment before
      ++ended;
    });
  }
  while (server.waiting() == 0 && ended == 0) std::this_thread::yield();
  server.server().server().cancel_calls(Method::Kind::kTraffic);
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(server.waiting(), 0u);
}

}  // namespace
}  // namespace weir::rpc
