// SPDX-License-Identifier: Apache-2.0
// Asked with raw bytes: its proto is not installed.
#include "server/rpc/channelz.h"

#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/rpc/number_server.h"
#include "tests/rpc/raw_client.h"
#include "tests/rpc/threads.h"

namespace weir::rpc {
namespace {

using namespace test;

constexpr char kChannelz[] = "/grpc.channelz.v1.Channelz/GetServers";

struct Answer {
  grpc::Status status;
  std::string bytes;
};

// One message there, the first one back, whatever the method's shape.
Answer ask(const NumberServer& server, const std::string& method, const std::string& request) {
  grpc::GenericStub stub(server.channel());
  CallContext context;
  grpc::CompletionQueue queue;
  const auto next = [&] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto stream = stub.PrepareCall(&context, method, &queue);
  stream->StartCall(nullptr);
  next();
  grpc::Slice slice(request);
  stream->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
  next();
  Answer answer;
  grpc::ByteBuffer buffer;
  stream->Read(&buffer, nullptr);
  if (next()) {
    grpc::Slice whole;
    EXPECT_TRUE(buffer.DumpToSingleSlice(&whole).ok());
    answer.bytes.assign(reinterpret_cast<const char*>(whole.begin()), whole.size());
  }
  stream->Finish(&answer.status, nullptr);
  next();
  queue.Shutdown();
  while (next()) {
  }
  return answer;
}

ServerOptions with_channelz(bool wanted) {
  ServerOptions options = options_for_tests();
  options.channelz = wanted;
  return options;
}

TEST(Channelz, NamesTheServer) {
  NumberServer server(with_channelz(true));
  server.start();
  const Answer answer = ask(server, kChannelz, "");
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_FALSE(answer.bytes.empty());
}

// Whatever other servers of the process have: gRPC registers it for the whole process.
TEST(Channelz, CanBeTurnedOff) {
  NumberServer with(with_channelz(true));
  with.start();
  NumberServer without(with_channelz(false));
  without.start();
  EXPECT_EQ(ask(without, kChannelz, "").status.error_code(), grpc::UNIMPLEMENTED);
  EXPECT_TRUE(ask(with, kChannelz, "").status.ok());
}

// Each call whose answer is not read holds a thread of gRPC's.
TEST(Channelz, AnswersThatNobodyReadsHoldFewThreads) {
  NumberServer server(with_channelz(true));
  server.start();
  ASSERT_TRUE(ask(server, kChannelz, "").status.ok());
  const int before = count_threads();
  RawClient client(server.server().address());
  client.set_window(0);
  for (int i = 0; i < 100; ++i) client.send_call(kChannelz);
  // 8: RESOURCE_EXHAUSTED. It has no message, so it needs no window.
  EXPECT_TRUE(client.wait_for_answer("8"));
  EXPECT_LT(count_threads(), before + 20);
  EXPECT_TRUE(call(*server.client()).ok());
}

}  // namespace
}  // namespace weir::rpc
