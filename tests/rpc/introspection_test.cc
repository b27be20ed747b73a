// SPDX-License-Identifier: Apache-2.0
// Reflection and channelz, asked with raw bytes: their protos are not installed.

#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/rpc/number_server.h"

namespace weir::rpc {
namespace {

using namespace test;

constexpr char kReflection[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
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

// ServerReflectionRequest{list_services: "*"} (field 7).
const std::string kListServices = std::string("\x3a\x01*");

ServerOptions with(bool reflection, bool channelz) {
  ServerOptions options = options_for_tests();
  options.reflection = reflection;
  options.channelz = channelz;
  return options;
}

TEST(Introspection, ReflectionNamesTheServices) {
  NumberServer server(with(true, false));
  server.start();
  const Answer answer = ask(server, kReflection, kListServices);
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_NE(answer.bytes.find("weir.rpc.test.Numbers"), std::string::npos);
  EXPECT_NE(answer.bytes.find("grpc.health.v1.Health"), std::string::npos);
}

TEST(Introspection, ChannelzNamesTheServer) {
  NumberServer server(with(false, true));
  server.start();
  const Answer answer = ask(server, kChannelz, "");
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_FALSE(answer.bytes.empty());
}

// Whatever other servers of the process have: gRPC registers both for the whole process.
TEST(Introspection, BothCanBeTurnedOff) {
  NumberServer with_both(with(true, true));
  with_both.start();
  NumberServer without(with(false, false));
  without.start();
  EXPECT_EQ(ask(without, kReflection, kListServices).status.error_code(), grpc::UNIMPLEMENTED);
  EXPECT_EQ(ask(without, kChannelz, "").status.error_code(), grpc::UNIMPLEMENTED);
  EXPECT_TRUE(ask(with_both, kReflection, kListServices).status.ok());
  EXPECT_TRUE(ask(with_both, kChannelz, "").status.ok());
}

}  // namespace
}  // namespace weir::rpc
