// SPDX-License-Identifier: Apache-2.0
// The four shapes, end to end over a real connection.

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "async/or_return.h"
#include "tests/rpc/number_server.h"

namespace weir::rpc {
namespace {

using namespace test;

TEST(Shapes, UnaryAnswersARequest) {
  NumberServer server;
  server.start();
  Number response;
  const grpc::Status status = call(*server.client(), number(41), &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.value(), 42);
}

TEST(Shapes, ServerStreamSendsEveryMessageInOrder) {
  NumberServer server;
  server.start();
  const auto client = server.client();
  CallContext context;
  const auto stream = client->ServerStream(&context, number(1000));
  std::int64_t expected = 0;
  for (Number got; stream->Read(&got);) EXPECT_EQ(got.value(), expected++);
  EXPECT_EQ(expected, 1000);
  EXPECT_TRUE(stream->Finish().ok());
}

TEST(Shapes, ServerStreamMayBeEmpty) {
  NumberServer server;
  server.start();
  const auto client = server.client();
  CallContext context;
  const auto stream = client->ServerStream(&context, number(0));
  Number got;
  EXPECT_FALSE(stream->Read(&got));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST(Shapes, ClientStreamReadsToTheEndAndAnswersOnce) {
  NumberServer server;
  server.start();
  const auto client = server.client();
  CallContext context;
  Number response;
  const auto stream = client->ClientStream(&context, &response);
  for (int i = 1; i <= 1000; ++i) ASSERT_TRUE(stream->Write(number(i)));
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(response.value(), 500'500);
}

TEST(Shapes, ClientStreamMayBeAnsweredBeforeItsEnd) {
  NumberServer server;
  server.client_stream = [](Reader<Number>& reader) -> Task<absl::StatusOr<Number>> {
    const std::optional<Number> first = co_await or_return(reader.read());
    co_return number(first ? first->value() : -1);
  };
  server.start();
  const auto client = server.client();
  CallContext context;
  Number response;
  const auto stream = client->ClientStream(&context, &response);
  ASSERT_TRUE(stream->Write(number(7)));
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(response.value(), 7);
}

TEST(Shapes, BidiAnswersWhileItReads) {
  NumberServer server;
  server.start();
  const auto client = server.client();
  CallContext context;
  const auto stream = client->Bidi(&context);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(stream->Write(number(i)));
    Number got;
    ASSERT_TRUE(stream->Read(&got));
    EXPECT_EQ(got.value(), i);
  }
  stream->WritesDone();
  Number none;
  EXPECT_FALSE(stream->Read(&none));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST(Shapes, AReaderThatHasReachedTheEndStaysThere) {
  NumberServer server;
  Inbox<bool> ends;
  server.client_stream = [&ends](Reader<Number>& reader) -> Task<absl::StatusOr<Number>> {
    for (int i = 0; i < 3; ++i) {
      const std::optional<Number> next = co_await or_return(reader.read());
      ends.put(!next);
    }
    co_return number(0);
  };
  server.start();
  const auto client = server.client();
  CallContext context;
  Number response;
  const auto stream = client->ClientStream(&context, &response);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ends.take(), true);
}

TEST(Shapes, AMessageOfManyFramesArrivesWhole) {
  NumberServer server;
  server.start();
  const auto client = server.client();
  CallContext context;
  const auto stream = client->Bidi(&context);
  Number big = padded(3 << 20);
  big.mutable_padding()->back() = 'x';
  ASSERT_TRUE(stream->Write(big));
  Number got;
  ASSERT_TRUE(stream->Read(&got));
  EXPECT_EQ(got.padding(), big.padding());
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

// grpc#6504: with one accept slot a method serves one call at a time; a slot is renewed when its
// call arrives, not when it ends.
TEST(Shapes, OneAcceptSlotServesManyCallsAtOnce) {
  ServerOptions options = options_for_tests();
  options.accept_slots = 1;
  NumberServer server(options);
  server.start();
  const auto client = server.client();
  std::vector<std::unique_ptr<CallContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReaderWriter<Number, Number>>> streams;
  for (int i = 0; i < 20; ++i) {
    contexts.push_back(std::make_unique<CallContext>());
    streams.push_back(client->Bidi(contexts.back().get()));
    ASSERT_TRUE(streams.back()->Write(number(i)));
  }
  for (int i = 0; i < 20; ++i) {
    Number got;
    ASSERT_TRUE(streams[static_cast<std::size_t>(i)]->Read(&got));
    EXPECT_EQ(got.value(), i);
  }
  for (const auto& stream : streams) {
    stream->WritesDone();
    EXPECT_TRUE(stream->Finish().ok());
  }
}

TEST(Shapes, ManyClientsOnManyLoopsGetTheirOwnAnswers) {
  ServerOptions options = options_for_tests();
  options.loops = 3;
  NumberServer server(options);
  server.start();
  std::vector<std::thread> clients;
  for (int c = 0; c < 6; ++c) {
    clients.emplace_back([&server, c] {
      const auto client = server.client();
      for (int i = 0; i < 100; ++i) {
        Number response;
        ASSERT_TRUE(call(*client, number(c * 1000 + i), &response).ok());
        EXPECT_EQ(response.value(), c * 1000 + i + 1);
      }
    });
  }
  for (std::thread& client : clients) client.join();
}

// The read to the end sends the initial metadata, to tell an end from a death.
TEST(Bidi, MayBeBegunOnceTheClientHasSentEverything) {
  NumberServer server;
  server.bidi = [](Reader<Number>& reader, Writer<Number>& writer) -> Task<absl::Status> {
    while (co_await or_return(reader.read())) {
    }
    co_await or_return(writer.begin());
    co_await or_return(writer.begin());
    co_return co_await writer.write(number(7));
  };
  server.start();
  const auto client = server.client();
  CallContext context;
  const auto stream = client->Bidi(&context);
  stream->WritesDone();
  Number got;
  EXPECT_TRUE(stream->Read(&got));
  EXPECT_EQ(got.value(), 7);
  EXPECT_TRUE(stream->Finish().ok());
}

}  // namespace
}  // namespace weir::rpc
