// SPDX-License-Identifier: Apache-2.0
// What the end of a call, by the client, the clock or the server, looks like to a handler and a
// client.

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "async/or_return.h"
#include "async/sleep.h"
#include "tests/rpc/number_server.h"
#include "tests/rpc/raw_client.h"

namespace weir::rpc {
namespace {

using namespace test;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A handler that waits for its end and tells what it was.
auto waits_for_its_end(Inbox<bool>& began, Inbox<absl::StatusCode>& ended) {
  return [&](const Number&) -> Task<absl::StatusOr<Number>> {
    began.put(true);
    const absl::Status status = co_await sleep_until(kForever);
    ended.put(status.code());
    co_return status;
  };
}

TEST(Cancellation, ReachesAHandlerThatWaits) {
  NumberServer server;
  Inbox<bool> began;
  Inbox<absl::StatusCode> ended;
  server.unary = waits_for_its_end(began, ended);
  server.start();
  const auto client = server.client();
  CallContext context;
  std::thread canceller([&] {
    began.take();
    context.TryCancel();
  });
  Number response;
  EXPECT_EQ(client->Unary(&context, number(1), &response).error_code(), grpc::CANCELLED);
  canceller.join();
  EXPECT_EQ(ended.take(), absl::StatusCode::kCancelled);
}

TEST(Cancellation, BeforeTheHandlerMeansThatThereIsNoCall) {
  NumberServer server;
  server.start();
  const auto client = server.client();
  CallContext context;
  context.TryCancel();
  Number response;
  EXPECT_EQ(client->Unary(&context, number(1), &response).error_code(), grpc::CANCELLED);
  EXPECT_TRUE(call(*client).ok());
}

TEST(Cancellation, AfterTheAnswerChangesNothing) {
  NumberServer server;
  server.start();
  const auto client = server.client();
  CallContext context;
  Number response;
  EXPECT_TRUE(client->Unary(&context, number(1), &response).ok());
  context.TryCancel();
  EXPECT_TRUE(call(*client).ok());
  EXPECT_TRUE(eventually([&] { return server.server().admission().in_progress() == 0; }));
}

TEST(Cancellation, TheDeathOfTheConnectionReachesAHandlerThatWaits) {
  NumberServer server;
  Inbox<bool> began;
  Inbox<absl::StatusCode> ended;
  server.unary = waits_for_its_end(began, ended);
  server.start();
  {
    RawClient client(server.server().address());
    client.send_call("/weir.rpc.test.Numbers/Unary");
    began.take();
  }
  EXPECT_EQ(ended.take(), absl::StatusCode::kCancelled);
}

TEST(Deadline, OfTheClientReachesTheHandler) {
  NumberServer server;
  Inbox<Duration> left;
  server.unary = [&](const Number&) -> Task<absl::StatusOr<Number>> {
    const Context& context = co_await this_context();
    left.put(context.remaining());
    co_return number(0);
  };
  server.start();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + seconds(30));
  Number response;
  EXPECT_TRUE(server.client()->Unary(&context, number(1), &response).ok());
  const Duration seen = left.take().value_or(Duration());
  EXPECT_GT(seen, seconds(5));
  EXPECT_LE(seen, seconds(31));
}

// The client here has no clock of its own: gRPC's would reset the call at the very same moment, and
// which of the two a handler hears of first is chance.
TEST(Deadline, EndsAHandlerThatWaits) {
  NumberServer server;
  Inbox<bool> began;
  Inbox<absl::StatusCode> ended;
  server.unary = waits_for_its_end(began, ended);
  server.start();
  RawClient client(server.server().address());
  client.send_call("/weir.rpc.test.Numbers/Unary", {{"grpc-timeout", "200m"}});
  EXPECT_TRUE(client.wait_for_answer("4")) << client.received();
  EXPECT_EQ(ended.take(), absl::StatusCode::kDeadlineExceeded);
}

TEST(Deadline, AlreadyPastNeverReachesAHandler) {
  NumberServer server;
  Inbox<bool> ran;
  server.unary = [&](const Number&) -> Task<absl::StatusOr<Number>> {
    ran.put(true);
    co_return number(0);
  };
  server.start();
  const auto client = server.client();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() - seconds(1));
  Number response;
  EXPECT_EQ(client->Unary(&context, number(1), &response).error_code(), grpc::DEADLINE_EXCEEDED);
  EXPECT_TRUE(ran.empty());
}

// The same from a client that sends the call nevertheless, as one whose packets were late does.
TEST(Deadline, OfAlmostNothingIsAnsweredWithDeadlineExceeded) {
  NumberServer server;
  server.unary = [](const Number&) -> Task<absl::StatusOr<Number>> {
    const absl::Status status = co_await sleep_until(kForever);
    co_return status;
  };
  server.start();
  RawClient client(server.server().address());
  client.send_call("/weir.rpc.test.Numbers/Unary", {{"grpc-timeout", "1n"}});
  EXPECT_TRUE(client.wait_for_answer("4")) << client.received();
}

// An answer that was given in time, and that the client has no room for: gRPC's own timer ends the
// call at its deadline, and not with the word that the server cancelled it.
TEST(Deadline, ThatPassesWhileTheAnswerIsSentIsWhatTheClientIsTold) {
  NumberServer server;
  server.start();
  RawClient client(server.server().address());
  client.set_window(0);
  client.send_call("/weir.rpc.test.Numbers/Unary", {{"grpc-timeout", "100m"}});
  EXPECT_TRUE(client.wait_for_answer("4")) << client.received();
}

TEST(Deadline, OfTheServerBoundsCallsThatHaveNone) {
  ServerOptions options = options_for_tests();
  options.max_deadline = milliseconds(100);
  NumberServer server(options);
  Inbox<bool> began;
  Inbox<absl::StatusCode> ended;
  server.unary = waits_for_its_end(began, ended);
  server.start();
  grpc::ClientContext context;  // no deadline
  Number response;
  EXPECT_EQ(server.client()->Unary(&context, number(1), &response).error_code(),
            grpc::DEADLINE_EXCEEDED);
  EXPECT_EQ(ended.take(), absl::StatusCode::kDeadlineExceeded);
}

TEST(Deadline, OfTheServerBoundsAStreamThatTheClientKeepsOpen) {
  ServerOptions options = options_for_tests();
  options.max_deadline = milliseconds(100);
  NumberServer server(options);
  server.start();
  const auto client = server.client();
  CallContext context;
  const auto stream = client->Bidi(&context);
  Number got;
  EXPECT_FALSE(stream->Read(&got));
  EXPECT_EQ(stream->Finish().error_code(), grpc::DEADLINE_EXCEEDED);
}

// The longest that grpc-timeout can say is 11,000 years, which is more than nanoseconds can count.
TEST(Deadline, InTheFarFutureIsNone) {
  NumberServer server;
  Inbox<Duration> left;
  server.bidi = [&](Reader<Number>&, Writer<Number>&) -> Task<absl::Status> {
    const Context& context = co_await this_context();
    left.put(context.remaining());
    co_return absl::OkStatus();
  };
  server.start();
  for (const char* timeout : {"99999999H", "99999999S", "99999999M"}) {
    RawClient client(server.server().address());
    client.send_call("/weir.rpc.test.Numbers/Bidi", {{"grpc-timeout", timeout}});
    EXPECT_TRUE(client.wait_for_answer("0")) << timeout;
    EXPECT_GT(left.take().value_or(Duration()), seconds(5)) << timeout;
  }
}

// A client that goes away has not sent everything: what it did send must not be taken for the
// whole.
TEST(Cancellation, AClientThatGoesAwayMidStreamIsNotTheEndOfTheStream) {
  ServerOptions options = options_for_tests();
  options.loops = 3;
  NumberServer server(options);
  Inbox<absl::Status> ends;
  server.client_stream = [&](Reader<Number>& reader) -> Task<absl::StatusOr<Number>> {
    for (;;) {
      auto next = co_await reader.read();
      if (next.ok() && next->has_value()) continue;
      ends.put(next.status());
      co_return number(0);
    }
  };
  server.start();
  const auto client = server.client();
  for (int i = 0; i < 100; ++i) {
    CallContext context;
    Number response;
    const auto stream = client->ClientStream(&context, &response);
    ASSERT_TRUE(stream->Write(number(i)));
    ASSERT_TRUE(eventually([&] { return server.server().admission().in_progress() == 1; }));
    context.TryCancel();
    stream->Finish();
    const auto end = ends.take();
    ASSERT_TRUE(end.has_value());
    ASSERT_EQ(end->code(), absl::StatusCode::kCancelled) << "call " << i;
    ASSERT_TRUE(eventually([&] { return server.server().admission().in_progress() == 0; }));
  }
}

TEST(Cancellation, AWriterLearnsThatTheClientIsGone) {
  NumberServer server;
  Inbox<absl::StatusCode> ended;
  server.server_stream = [&](const Number&, Writer<Number>& writer) -> Task<absl::Status> {
    absl::Status status;
    while (status.ok()) status = co_await writer.write(number(1));
    ended.put(status.code());
    co_return status;
  };
  server.start();
  const auto client = server.client();
  CallContext context;
  const auto stream = client->ServerStream(&context, number(1));
  Number got;
  ASSERT_TRUE(stream->Read(&got));
  context.TryCancel();
  stream->Finish();
  EXPECT_EQ(ended.take(), absl::StatusCode::kCancelled);
}

TEST(Cancellation, ACutStreamIsToldUnavailable) {
  NumberServer server;
  server.start();
  const auto client = server.client();
  CallContext context;
  const auto stream = client->Bidi(&context);
  ASSERT_TRUE(stream->Write(number(1)));
  Number got;
  ASSERT_TRUE(stream->Read(&got));
  server.server().cancel_calls(Method::Kind::kTraffic);
  EXPECT_FALSE(stream->Read(&got));
  EXPECT_EQ(stream->Finish().error_code(), grpc::UNAVAILABLE);
}

}  // namespace
}  // namespace weir::rpc
