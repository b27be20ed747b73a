// SPDX-License-Identifier: Apache-2.0
// Requests that a real client has compressed, and what a message may hold.

#include <gtest/gtest.h>

#include <string>

#include "google/rpc/error_details.pb.h"
#include "rpc/status.h"
#include "server/status/details.h"
#include "tests/rpc/number_server.h"
#include "tests/rpc/raw_client.h"

namespace weir::rpc {
namespace {

using namespace test;

constexpr std::size_t kMessageLimit = 1 << 20;

ServerOptions limited() {
  ServerOptions options = options_for_tests();
  options.max_receive_message_bytes = kMessageLimit;
  return options;
}

std::string reason_of(const grpc::Status& status) {
  const auto info = status::detail_of<google::rpc::ErrorInfo>(from_grpc(status));
  return info ? info->reason() : "";
}

class CompressedCalls : public ::testing::TestWithParam<grpc_compression_algorithm> {
 protected:
  CompressedCalls() {
    server_.start();
    client_ = server_.client();
  }

  // Its padding is what is large.
  grpc::Status call(const Number& request, Number* response = nullptr) {
    CallContext context;
    context.set_compression_algorithm(GetParam());
    Number ignored;
    return client_->Unary(&context, request, response != nullptr ? response : &ignored);
  }

  NumberServer server_{limited()};
  std::unique_ptr<Stub> client_;
};

TEST_P(CompressedCalls, ARequestIsReadAsIfItWereNot) {
  Number request = padded(500'000);
  request.set_value(41);
  Number response;
  const grpc::Status status = call(request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.value(), 42);
}

TEST_P(CompressedCalls, AStreamIsReadAsIfItWereNot) {
  CallContext context;
  context.set_compression_algorithm(GetParam());
  Number sum;
  const auto stream = client_->ClientStream(&context, &sum);
  for (int i = 0; i < 3; ++i) {
    Number next = padded(500'000);
    next.set_value(7);
    ASSERT_TRUE(stream->Write(next));
  }
  stream->WritesDone();
  const grpc::Status status = stream->Finish();
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(sum.value(), 21);
}

TEST_P(CompressedCalls, TheLimitIsOfWhatIsInflated) {
  const std::size_t overhead = padded(kMessageLimit).ByteSizeLong() - kMessageLimit;
  EXPECT_TRUE(call(padded(kMessageLimit - overhead)).ok());
  const grpc::Status status = call(padded(kMessageLimit - overhead + 1));
  EXPECT_EQ(status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(reason_of(status), "MESSAGE_TOO_LARGE");
  EXPECT_EQ(server_.refused(Refusal::kTooLarge), 1u);
}

TEST_P(CompressedCalls, ABombOnAStreamEndsItsCall) {
  CallContext context;
  context.set_compression_algorithm(GetParam());
  Number sum;
  const auto stream = client_->ClientStream(&context, &sum);
  stream->Write(padded(64 * kMessageLimit));
  EXPECT_EQ(stream->Finish().error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(server_.refused(Refusal::kTooLarge), 1u);
  EXPECT_TRUE(call(number(1)).ok()) << "the connection is as good as before";
}

INSTANTIATE_TEST_SUITE_P(Algorithms, CompressedCalls,
                         ::testing::Values(GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE),
                         [](const auto& about) {
                           return about.param == GRPC_COMPRESS_GZIP ? "gzip" : "deflate";
                         });

TEST(CompressedByHand, WhatDoesNotInflateIsTheClientsMistakeOnEveryShape) {
  NumberServer server;
  server.start();
  for (const char* method : {"Unary", "ServerStream", "ClientStream", "Bidi"}) {
    RawClient client(server.server().address());
    client.send_call(std::string("/weir.rpc.test.Numbers/") + method, {{"grpc-encoding", "gzip"}},
                     "not gzip", true);
    EXPECT_TRUE(client.wait_for_answer("3")) << method;
  }
  EXPECT_EQ(server.refused(Refusal::kMalformed), 4u);
}

// gRPC 1.51 takes an encoding that it does not know for none, and nobody above it is told. So it is
// not UNIMPLEMENTED, as the protocol wants it, but bytes that are no message.
TEST(CompressedByHand, AnUnknownEncodingIsTheClientsMistake) {
  NumberServer server;
  server.start();
  RawClient client(server.server().address());
  client.send_call("/weir.rpc.test.Numbers/Unary", {{"grpc-encoding", "snappy"}}, "x", true);
  EXPECT_TRUE(client.wait_for_answer("3"));
}

// Of two bytes each, unknown to the message.
std::string small_fields(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += "\x18\x01";
  return bytes;
}

TEST(Fields, BeyondTheirNumberAMessageIsRefused) {
  NumberServer server;
  server.start();
  const auto client = server.client();
  Number request;
  const auto with = [&](std::size_t count) {
    request.ParseFromString(small_fields(count));
    return call(*client, request);
  };
  EXPECT_TRUE(with(100'000).ok());
  const grpc::Status status = with(100'001);
  EXPECT_EQ(status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(reason_of(status), "TOO_MANY_FIELDS");
  EXPECT_EQ(server.refused(Refusal::kTooLarge), 1u);
}

}  // namespace
}  // namespace weir::rpc
