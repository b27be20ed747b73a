// SPDX-License-Identifier: Apache-2.0
// Waiting for a stream: back-pressure, and waits that end before the operation does.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include "async/cancelled.h"
#include "async/join.h"
#include "async/or_return.h"
#include "async/select.h"
#include "async/sleep.h"
#include "async/timeout.h"
#include "tests/rpc/number_server.h"

namespace weir::rpc {
namespace {

using namespace test;
using std::chrono::milliseconds;

// A client that takes little at a time, and grants nothing on top.
grpc::ChannelArguments small_window() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 1024);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  return arguments;
}

constexpr std::size_t kMegabyte = 1 << 20;

TEST(Backpressure, AWriterWaitsForAClientThatDoesNotRead) {
  NumberServer server;
  std::atomic<int> written = 0;
  server.server_stream = [&](const Number&, Writer<Number>& writer) -> Task<absl::Status> {
    for (; written < 50; ++written) co_await or_return(writer.write(padded(kMegabyte)));
    co_return absl::OkStatus();
  };
  server.start();
  const auto client = server.client(small_window());
  CallContext context;
  const auto stream = client->ServerStream(&context, number(1));
  Number got;
  int read = 0;
  int most_ahead = 0;
  while (stream->Read(&got)) {
    most_ahead = std::max(most_ahead, written - ++read);
  }
  EXPECT_EQ(read, 50);
  EXPECT_LE(most_ahead, 3);
  EXPECT_TRUE(stream->Finish().ok());
}

TEST(Backpressure, AReaderTakesOnlyWhatItAsksFor) {
  NumberServer server;
  CancellationToken go_on;
  server.client_stream = [&](Reader<Number>& reader) -> Task<absl::StatusOr<Number>> {
    (void)co_await cancelled(go_on);
    std::int64_t count = 0;
    while (co_await or_return(reader.read())) ++count;
    co_return number(count);
  };
  server.start();
  const auto client = server.client();
  CallContext context;
  Number response;
  const auto stream = client->ClientStream(&context, &response);
  std::atomic<int> sent = 0;
  std::thread writer([&] {
    for (; sent < 50; ++sent) stream->Write(padded(kMegabyte));
    stream->WritesDone();
  });
  EXPECT_TRUE(eventually([&] { return server.server().admission().in_progress() == 1; }));
  EXPECT_LT(sent, 40) << "nobody reads, so not all can have been sent";
  go_on.cancel();
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(response.value(), 50);
}

TEST(StreamWaits, AReadEndsAtTheTimeoutAroundIt) {
  NumberServer server;
  server.bidi = [](Reader<Number>& reader, Writer<Number>&) -> Task<absl::Status> {
    const auto got = co_await timeout(milliseconds(20), reader.read());
    co_return got.status();
  };
  server.start();
  const auto client = server.client();
  CallContext context;
  const auto stream = client->Bidi(&context);
  Number none;
  EXPECT_FALSE(stream->Read(&none));
  EXPECT_EQ(stream->Finish().error_code(), grpc::DEADLINE_EXCEEDED);
}

// Rust drops a future and the message with it, or not; here a read that was given up loses nothing.
TEST(StreamWaits, AMessageThatComesAfterItsReadWasGivenUpIsTheNextOne) {
  NumberServer server;
  server.bidi = [](Reader<Number>& reader, Writer<Number>& writer) -> Task<absl::Status> {
    const auto given_up = co_await timeout(milliseconds(5), reader.read());
    EXPECT_EQ(given_up.status().code(), absl::StatusCode::kDeadlineExceeded);
    co_await or_return(writer.write(number(-1)));  // now send something
    for (;;) {
      const std::optional<Number> next = co_await or_return(reader.read());
      if (!next) co_return absl::OkStatus();
      co_await or_return(writer.write(*next));
    }
  };
  server.start();
  const auto client = server.client();
  CallContext context;
  const auto stream = client->Bidi(&context);
  Number got;
  ASSERT_TRUE(stream->Read(&got));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(stream->Write(number(i)));
    ASSERT_TRUE(stream->Read(&got));
    EXPECT_EQ(got.value(), i);
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST(StreamWaits, AReadLosesASelectWithoutHoldingItUp) {
  NumberServer server;
  CancellationToken stop;
  Inbox<bool> began;
  server.bidi = [&](Reader<Number>& reader, Writer<Number>&) -> Task<absl::Status> {
    const auto stopped = [](CancellationToken token) -> Task<absl::Status> {
      co_return co_await cancelled(token);
    };
    began.put(true);
    const auto first = co_await select(reader.read(), stopped(stop));
    co_return first.index() == 1 ? absl::OkStatus() : absl::InternalError("the read won");
  };
  server.start();
  const auto client = server.client();
  CallContext context;
  const auto stream = client->Bidi(&context);
  began.take();
  stop.cancel();
  Number none;
  EXPECT_FALSE(stream->Read(&none));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST(StreamWaits, AWriteEndsAtTheTimeoutAroundIt) {
  NumberServer server;
  Inbox<absl::StatusCode> ended;
  server.server_stream = [&](const Number&, Writer<Number>& writer) -> Task<absl::Status> {
    absl::Status status;
    while (status.ok())
      status = co_await timeout(milliseconds(50), writer.write(padded(kMegabyte)));
    ended.put(status.code());
    co_return absl::ResourceExhaustedError("too slow a reader");
  };
  server.start();
  const auto client = server.client(small_window());
  CallContext context;
  const auto stream = client->ServerStream(&context, number(1));
  EXPECT_EQ(ended.take(), absl::StatusCode::kDeadlineExceeded);
  Number got;
  while (stream->Read(&got)) EXPECT_EQ(got.padding().size(), kMegabyte) << "whole messages only";
  EXPECT_EQ(stream->Finish().error_code(), grpc::RESOURCE_EXHAUSTED);
}

TEST(StreamWaits, AReadAndAWriteMayWaitAtOnce) {
  NumberServer server;
  server.bidi = [](Reader<Number>& reader, Writer<Number>& writer) -> Task<absl::Status> {
    const auto read_all = [](Reader<Number>& from) -> Task<absl::Status> {
      while (co_await or_return(from.read())) {
      }
      co_return absl::OkStatus();
    };
    const auto write_all = [](Writer<Number>& to) -> Task<absl::Status> {
      for (int i = 0; i < 100; ++i) co_await or_return(to.write(number(i)));
      co_return absl::OkStatus();
    };
    auto both = co_await join(read_all(reader), write_all(writer));
    co_return std::get<0>(both).ok() ? std::get<1>(both) : std::get<0>(both);
  };
  server.start();
  const auto client = server.client();
  CallContext context;
  const auto stream = client->Bidi(&context);
  Number got;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(stream->Write(number(i)));
    ASSERT_TRUE(stream->Read(&got));
    EXPECT_EQ(got.value(), i);
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

// The deadline passes while the client takes nothing: the write's tag comes back only because the
// call is ended, and its place is given back.
TEST(StreamWaits, AClientThatNeverReadsIsCutAtTheDeadline) {
  ServerOptions options = options_for_tests();
  options.max_deadline = milliseconds(100);
  NumberServer server(options);
  server.server_stream = [](const Number&, Writer<Number>& writer) -> Task<absl::Status> {
    for (;;) co_await or_return(writer.write(padded(kMegabyte)));
  };
  server.start();
  const auto client = server.client(small_window());
  CallContext context;
  const auto stream = client->ServerStream(&context, number(1));
  ASSERT_TRUE(eventually([&] { return server.server().admission().in_progress() == 1; }));
  EXPECT_TRUE(eventually([&] { return server.server().admission().in_progress() == 0; }));
  context.TryCancel();
  stream->Finish();
}

// The same with an answer that is too large for what the client takes: it is written after the
// handler, and must not hold the call's place for as long as the connection lasts.
TEST(StreamWaits, AnAnswerThatIsNeverReadIsCutAtTheDeadline) {
  ServerOptions options = options_for_tests();
  options.max_deadline = milliseconds(100);
  NumberServer server(options);
  server.bidi = [](Reader<Number>&, Writer<Number>& writer) -> Task<absl::Status> {
    co_await or_return(timeout(milliseconds(10), writer.write(padded(3 * kMegabyte))));
    co_return absl::OkStatus();
  };
  server.start();
  const auto client = server.client(small_window());
  CallContext context;
  const auto stream = client->Bidi(&context);
  ASSERT_TRUE(eventually([&] { return server.server().admission().arrived() == 1; }));
  EXPECT_TRUE(eventually([&] { return server.server().admission().in_progress() == 0; }));
  context.TryCancel();
  stream->Finish();
}

// Nor through a drain, whose cut comes from a thread of its own and finds the handler gone.
TEST(StreamWaits, AnAnswerThatIsNeverReadIsCutByTheDrain) {
  NumberServer server;
  Inbox<bool> answered;
  server.bidi = [&](Reader<Number>&, Writer<Number>& writer) -> Task<absl::Status> {
    (void)co_await timeout(milliseconds(10), writer.write(padded(3 * kMegabyte)));
    answered.put(true);
    co_return absl::OkStatus();
  };
  server.start();
  const auto client = server.client(small_window());
  CallContext context;
  const auto stream = client->Bidi(&context);
  EXPECT_TRUE(answered.take());
  server.server().cancel_calls(Method::Kind::kTraffic);
  EXPECT_TRUE(eventually([&] { return server.server().admission().in_progress() == 0; }));
  context.TryCancel();
  stream->Finish();
}

}  // namespace
}  // namespace weir::rpc
