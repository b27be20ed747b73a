// SPDX-License-Identifier: Apache-2.0
// The rules of the queue. Each test names the thread in which somebody found out.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "async/cancelled.h"
#include "async/or_return.h"
#include "async/sleep.h"
#include "tests/rpc/number_server.h"

namespace weir::rpc {
namespace {

using namespace test;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

// Far longer than any shutdown here takes, far shorter than a limit that was waited out.
constexpr seconds kLimit{60};

void expect_shut_down_without_waiting_for_the_limit(NumberServer& server) {
  const auto began = Clock::now();
  server.server().shut_down(kLimit);
  EXPECT_LT(Clock::now() - began, kLimit / 2);
}

// Calls without pause until told to stop.
class Callers {
 public:
  Callers(const NumberServer& server, int count) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this, client = server.client()] {
        while (!stop_) {
          if (call(*client).ok()) ++answered_;
        }
      });
    }
  }
  ~Callers() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  int answered() const { return answered_; }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<int> answered_ = 0;
  std::vector<std::thread> threads_;
};

// grpc#8883, #7023, #23238: an operation enqueued after cq.Shutdown() asserts and ends the process.
// Here calls keep coming while the server and then its queues go away.
TEST(QueueRules, NothingIsEnqueuedAfterTheQueueIsShutDown) {
  for (int round = 0; round < 5; ++round) {
    ServerOptions options = options_for_tests();
    options.loops = 2;
    NumberServer server(options);
    server.start();
    const Callers callers(server, 4);
    ASSERT_TRUE(eventually([&] { return callers.answered() > 50; }));
    server.server().shut_down(seconds(5));
  }
}

// grpc#10136: the done tag of a call that never came is never delivered. Every accept slot has one
// armed; a server that waited for them would not end.
TEST(QueueRules, AServerThatWasNeverCalledShutsDownAtOnce) {
  ServerOptions options = options_for_tests();
  options.loops = 2;
  options.accept_slots = 64;
  NumberServer server(options);
  server.start();
  expect_shut_down_without_waiting_for_the_limit(server);
}

TEST(QueueRules, AServerThatWasCalledShutsDownAtOnce) {
  NumberServer server;
  server.start();
  const auto client = server.client();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(call(*client).ok());
  expect_shut_down_without_waiting_for_the_limit(server);
}

// grpc#20155, #25073: the done tag is back long before Finish's; the call must live until both are.
TEST(QueueRules, ACallWhoseDoneTagCameFirstLivesUntilItIsFinished) {
  NumberServer server;
  Inbox<bool> began;
  Inbox<absl::StatusCode> ended;
  server.unary = [&](const Number& request) -> Task<absl::StatusOr<Number>> {
    began.put(true);
    const absl::Status status = co_await sleep_until(kForever);
    ended.put(status.code());
    co_return number(request.value());  // the message is the call's, and must still be there
  };
  server.start();
  const auto client = server.client();
  CallContext context;
  std::thread canceller([&] {
    began.take();
    context.TryCancel();
  });
  Number response;
  EXPECT_EQ(client->Unary(&context, number(1), &response).error_code(),
            grpc::StatusCode::CANCELLED);
  canceller.join();
  EXPECT_EQ(ended.take(), absl::StatusCode::kCancelled);
  expect_shut_down_without_waiting_for_the_limit(server);
}

// grpc#17222: two completions arrive when a client dies, in either order; whichever frees the call
// must not free it under the other. Cancellations here hit calls at every point of their lives.
TEST(QueueRules, ClientsThatDieAtAnyMomentLeaveNothingBehind) {
  ServerOptions options = options_for_tests();
  options.loops = 2;
  NumberServer server(options);
  server.start();
  const auto client = server.client();
  for (int i = 0; i < 300; ++i) {
    CallContext context;
    const auto stream = client->Bidi(&context);
    stream->Write(number(i));
    Number got;
    if (i % 3 == 0) stream->Read(&got);
    if (i % 3 == 1) stream->WritesDone();
    context.TryCancel();
    stream->Finish();
  }
  EXPECT_TRUE(eventually([&] { return server.server().admission().in_progress() == 0; }));
  EXPECT_TRUE(call(*client).ok());
}

TEST(QueueRules, ConnectionsThatDieLeaveNothingBehind) {
  NumberServer server;
  server.start();
  for (int i = 0; i < 20; ++i) {
    CallContext context;
    auto client = server.client();
    const auto stream = client->Bidi(&context);
    ASSERT_TRUE(stream->Write(number(i)));
    context.TryCancel();
    stream->Finish();
    client.reset();  // and with it the connection
  }
  EXPECT_TRUE(eventually([&] { return server.server().admission().in_progress() == 0; }));
}

// grpc#10324: Shutdown without a deadline waits for an open stream for ever.
TEST(QueueRules, AServerWithOpenStreamsShutsDownWithinItsLimit) {
  NumberServer server;
  server.start();
  const auto client = server.client();
  CallContext context;
  const auto stream = client->Bidi(&context);
  ASSERT_TRUE(stream->Write(number(1)));
  Number got;
  ASSERT_TRUE(stream->Read(&got));
  const auto began = Clock::now();
  server.server().shut_down(std::chrono::milliseconds(50));
  EXPECT_LT(Clock::now() - began, kPatience);
  EXPECT_FALSE(stream->Read(&got));
  EXPECT_FALSE(stream->Finish().ok());
}

// grpc#10223, asio-grpc#105: Shutdown does not reach a handler that waits for something other than
// gRPC.
TEST(QueueRules, AHandlerThatWaitsForSomethingElseIsReachedByTheCut) {
  NumberServer server;
  Inbox<bool> began;
  server.unary = [&](const Number&) -> Task<absl::StatusOr<Number>> {
    began.put(true);
    const absl::Status status = co_await sleep_until(kForever);
    co_return status;
  };
  server.start();
  const auto client = server.client();
  std::thread killer([&] {
    began.take();
    server.server().cancel_calls(Method::Kind::kTraffic);
  });
  const grpc::Status status = call(*client);
  killer.join();
  // Not CANCELLED, which says that the client did not want it any more.
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  expect_shut_down_without_waiting_for_the_limit(server);
}

// asio-grpc#91: two who shut down, one after the other, are as good as one.
TEST(QueueRules, ShuttingDownTwiceIsNoError) {
  NumberServer server;
  server.start();
  server.server().shut_down(kLimit);
  expect_shut_down_without_waiting_for_the_limit(server);
}

TEST(QueueRules, AServerThatNeverStartedIsDestroyed) { const NumberServer server; }

TEST(QueueRules, AnAddressThatIsTakenIsAnErrorThatNamesIt) {
  NumberServer first;
  first.start();
  ServerOptions options = options_for_tests();
  options.address = first.server().address();
  NumberServer second(options);
  const absl::Status status = second.server().start();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(status.message().find(options.address), absl::string_view::npos) << status;
}

// grpc#12409: the responder, and a message that is being read, must live until their tags are back.
TEST(QueueRules, AnAbandonedReadKeepsItsMessageUntilItsTagIsBack) {
  NumberServer server;
  server.bidi = [](Reader<Number>& reader, Writer<Number>&) -> Task<absl::Status> {
    const auto first = co_await reader.read();
    co_return first.ok() ? absl::AbortedError("enough") : first.status();
  };
  server.start();
  const auto client = server.client();
  for (int i = 0; i < 50; ++i) {
    CallContext context;
    const auto stream = client->Bidi(&context);
    for (int j = 0; j < 10; ++j) stream->Write(padded(10'000));
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::ABORTED);
  }
}

}  // namespace
}  // namespace weir::rpc
