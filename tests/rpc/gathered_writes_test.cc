// SPDX-License-Identifier: Apache-2.0
// Answers that share a write, through gRPC.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "async/or_return.h"
#include "async/sleep.h"
#include "tests/rpc/number_server.h"
#include "tests/rpc/raw_client.h"

namespace weir::rpc {
namespace {

using namespace test;
using std::chrono::milliseconds;

ServerOptions on_loops(int loops) {
  ServerOptions options = options_for_tests();
  options.loops = loops;
  return options;
}

TEST(GatheredWrites, ALoneCallDoesNotWait) {
  NumberServer server(on_loops(1));
  server.start();
  const auto client = server.client();
  ASSERT_TRUE(call(*client).ok());
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(call(*client).ok());
  // An answer that is gathered and not flushed comes with the next write, or never.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(2000));
}

TEST(GatheredWrites, LargeMessagesArriveWholeAtASlowReader) {
  NumberServer server(on_loops(1));
  server.server_stream = [](const Number&, Writer<Number>& writer) -> Task<absl::Status> {
    for (std::size_t i = 0; i < 60; ++i) {
      Number next = padded(i % 3 == 0 ? 300'000 : 50 * i);
      next.set_value(static_cast<std::int64_t>(i));
      co_await or_return(writer.write(next));
    }
    co_return absl::OkStatus();
  };
  server.start();
  const auto client = server.client();
  std::latch others(3);
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 4; ++reader) {
    readers.emplace_back([&, reader] {
      CallContext context;
      const auto stream = client->ServerStream(&context, number(1));
      Number got;
      std::int64_t expected = 0;
      if (reader == 0) others.wait();  // a client that is slow to begin
      while (stream->Read(&got)) EXPECT_EQ(got.value(), expected++);
      if (reader != 0) others.count_down();
      EXPECT_EQ(expected, 60);
      EXPECT_TRUE(stream->Finish().ok());
    });
  }
  for (std::thread& reader : readers) reader.join();
}

// What a client received, frame by frame: the bytes of all DATA frames; -1 if it is not HTTP/2.
std::int64_t data_bytes(std::string_view received) {
  std::int64_t total = 0;
  while (!received.empty()) {
    const auto byte = [&](std::size_t at) {
      return static_cast<std::size_t>(static_cast<unsigned char>(received[at]));
    };
    if (received.size() < 9) return -1;
    const std::size_t length = byte(0) << 16 | byte(1) << 8 | byte(2);
    if (byte(3) > 9 || received.size() < 9 + length) return -1;
    if (byte(3) == 0) total += static_cast<std::int64_t>(length);
    received.remove_prefix(9 + length);
  }
  return total;
}

// The client reads nothing until all was asked for: the socket fills up, and so does what waits.
TEST(GatheredWrites, AClientThatStopsReadingGetsEverythingLater) {
  constexpr int kCalls = 900;
  constexpr std::size_t kBytes = 60'000;
  NumberServer server(on_loops(1));
  server.unary = [](const Number&) -> Task<absl::StatusOr<Number>> { co_return padded(kBytes); };
  server.start();
  RawClient client(server.server().address());
  // HTTP/2 lets 64 kB of a connection leave until it is told this.
  client.send_frame(8, 0, 0, std::string_view("\x7f\x00\x00\x00", 4));
  for (int i = 0; i < kCalls; ++i) client.send_call("/weir.rpc.test.Numbers/Unary");
  EXPECT_TRUE(eventually([&] { return server.server().admission().arrived() == kCalls; }));
  // Then gRPC's preface and what each message adds: its length, twice.
  constexpr std::size_t kAll = kCalls * (5 + 4 + kBytes);
  EXPECT_TRUE(client.wait_for_bytes(kAll));
  client.send_ping();
  EXPECT_TRUE(client.wait_for("12345678"));
  EXPECT_EQ(data_bytes(client.received()), static_cast<std::int64_t>(kAll));
}

TEST(GatheredWrites, TwoLoopsShareOneConnection) {
  NumberServer server(on_loops(2));
  server.unary = [](const Number& request) -> Task<absl::StatusOr<Number>> {
    if (request.value() % 3 == 0) (void)co_await sleep(milliseconds(1));
    co_return number(request.value() + 1);
  };
  server.start();
  const auto client = server.client();
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 8; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < 200; ++i) {
        Number response;
        ASSERT_TRUE(call(*client, number(caller * 1000 + i), &response).ok());
        ASSERT_EQ(response.value(), caller * 1000 + i + 1);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
}

std::string describe_calls(Server& server) {
  std::string all;
  for (const auto& call : server.stragglers(kPatience)) all += call.method + "\n" + call.awaits;
  return all;
}

// Connections that end while they are answered, again and again, so that the numbers of their
// descriptors come back as others'.
TEST(GatheredWrites, ConnectionsThatEndMidTurnHarmNobody) {
  NumberServer server(on_loops(1));
  server.start();
  std::atomic<bool> stop = false;
  std::thread lasting([&] {
    const auto client = server.client();
    for (std::int64_t i = 0; !stop; ++i) {
      Number response;
      ASSERT_TRUE(call(*client, number(i), &response).ok());
      ASSERT_EQ(response.value(), i + 1);
    }
  });
  for (int i = 0; i < 300; ++i) {
    RawClient client(server.server().address());
    for (int each = 0; each < 20; ++each) client.send_call("/weir.rpc.test.Numbers/Unary");
    if (i % 3 == 0) (void)client.wait_for_answer("0");
  }
  stop = true;
  lasting.join();
  EXPECT_TRUE(eventually([&] { return server.server().admission().in_progress() == 0; }))
      << describe_calls(server.server());
}

// Large ones too: when gRPC has closed a connection and the client says something more, like
// WINDOW_UPDATE, the kernel resets it, and what had not left by then never does.
TEST(GatheredWrites, TheLastAnswersLeaveBeforeTheServerDoes) {
  for (int round = 0; round < 10; ++round) {
    NumberServer server(on_loops(1));
    Inbox<int> arrived;
    server.unary = [&](const Number& request) -> Task<absl::StatusOr<Number>> {
      arrived.put(1);
      (void)co_await sleep(milliseconds(5));
      co_return padded(static_cast<std::size_t>(request.value()));
    };
    server.start();
    const auto client = server.client();
    std::vector<std::thread> callers;
    for (int i = 0; i < 8; ++i) {
      callers.emplace_back([&] {
        Number response;
        const grpc::Status status = call(*client, number(200'000), &response);
        EXPECT_TRUE(status.ok()) << status.error_code() << status.error_message();
      });
    }
    for (int i = 0; i < 8; ++i) arrived.take();
    server.server().shut_down(kPatience);
    for (std::thread& caller : callers) caller.join();
  }
}

}  // namespace
}  // namespace weir::rpc
