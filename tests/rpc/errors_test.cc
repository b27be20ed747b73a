// SPDX-License-Identifier: Apache-2.0
// What a client is told when a handler fails.

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "async/sleep.h"
#include "google/rpc/error_details.pb.h"
#include "rpc/status.h"
#include "server/status/details.h"
#include "tests/rpc/number_server.h"
#include "tests/rpc/raw_client.h"

namespace weir::rpc {
namespace {

using namespace test;

Task<absl::StatusOr<Number>> throw_later(const Number&) {
  (void)co_await sleep(std::chrono::milliseconds(1));
  throw std::runtime_error("password=hunter2");
}

TEST(HandlerErrors, AnExceptionIsInternalAndItsTextStaysHere) {
  NumberServer server;
  server.unary = throw_later;
  server.start();
  const grpc::Status status = call(*server.client());
  EXPECT_EQ(status.error_code(), grpc::INTERNAL);
  EXPECT_EQ(status.error_message().find("hunter2"), std::string::npos);
  EXPECT_EQ(status.error_details().find("hunter2"), std::string::npos);
}

TEST(HandlerErrors, AnExceptionBeforeTheFirstSuspensionIsInternal) {
  NumberServer server;
  server.unary = [](const Number&) -> Task<absl::StatusOr<Number>> { throw 42; };
  server.start();
  EXPECT_EQ(call(*server.client()).error_code(), grpc::INTERNAL);
}

TEST(HandlerErrors, AnExceptionInAStreamIsInternal) {
  NumberServer server;
  server.bidi = [](Reader<Number>& reader, Writer<Number>&) -> Task<absl::Status> {
    (void)co_await reader.read();
    throw std::runtime_error("secret");
  };
  server.start();
  const auto client = server.client();
  CallContext context;
  const auto stream = client->Bidi(&context);
  stream->Write(number(1));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::INTERNAL);
  EXPECT_EQ(status.error_message().find("secret"), std::string::npos);
}

TEST(HandlerErrors, AnExceptionEndsOnlyItsOwnCall) {
  NumberServer server;
  server.unary = throw_later;
  server.start();
  const auto client = server.client();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(call(*client).error_code(), grpc::INTERNAL);
  EXPECT_TRUE(eventually([&] { return server.server().admission().in_progress() == 0; }));
}

TEST(HandlerErrors, TheDetailsOfAStatusReachTheClient) {
  NumberServer server;
  server.unary = [](const Number&) -> Task<absl::StatusOr<Number>> {
    co_return status::BadRequest().add("value", "must be even");
  };
  server.start();
  const grpc::Status status = call(*server.client());
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  const auto bad = status::detail_of<google::rpc::BadRequest>(from_grpc(status));
  ASSERT_TRUE(bad.has_value());
  ASSERT_EQ(bad->field_violations_size(), 1);
  EXPECT_EQ(bad->field_violations(0).field(), "value");
}

// What comes from below a handler knows nothing of clients: the database, a deadline, an exception.
TEST(HandlerErrors, EveryErrorSaysWhatItIsForPrograms) {
  NumberServer server;
  server.unary = [](const Number& asked) -> Task<absl::StatusOr<Number>> {
    co_return absl::Status(static_cast<absl::StatusCode>(asked.value()), "from below");
  };
  server.start();
  const auto client = server.client();
  const auto fails_with = [&](absl::StatusCode code) {
    CallContext context;
    Number response;
    return from_grpc(client->Unary(&context, number(static_cast<int>(code)), &response));
  };
  const absl::Status unavailable = fails_with(absl::StatusCode::kUnavailable);
  const auto info = status::detail_of<google::rpc::ErrorInfo>(unavailable);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "UNAVAILABLE");
  EXPECT_EQ(info->domain(), "weir.dev");
  EXPECT_TRUE(status::detail_of<google::rpc::RetryInfo>(unavailable).has_value());
  const absl::Status late = fails_with(absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(status::detail_of<google::rpc::ErrorInfo>(late)->reason(), "DEADLINE_EXCEEDED");
  EXPECT_FALSE(status::detail_of<google::rpc::RetryInfo>(late).has_value());
}

TEST(HandlerErrors, AStreamsStatusComesAfterItsMessages) {
  NumberServer server;
  server.server_stream = [](const Number&, Writer<Number>& writer) -> Task<absl::Status> {
    const absl::Status sent = co_await writer.write(number(1));
    EXPECT_TRUE(sent.ok());
    co_return absl::DataLossError("half of it is gone");
  };
  server.start();
  const auto client = server.client();
  CallContext context;
  const auto stream = client->ServerStream(&context, number(1));
  Number got;
  EXPECT_TRUE(stream->Read(&got));
  EXPECT_FALSE(stream->Read(&got));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::DATA_LOSS);
  EXPECT_EQ(status.error_message(), "half of it is gone");
}

// gRPC itself answers INTERNAL, and on a stream takes the message for the end of the stream.
TEST(MalformedMessages, AreTheClientsMistakeOnEveryShape) {
  NumberServer server;
  Inbox<bool> ran;
  server.unary = [&](const Number&) -> Task<absl::StatusOr<Number>> {
    ran.put(true);
    co_return number(0);
  };
  server.start();
  for (const char* method : {"Unary", "ServerStream", "ClientStream", "Bidi"}) {
    RawClient client(server.server().address());
    client.send_call(std::string("/weir.rpc.test.Numbers/") + method, {}, "\xff\xff\xff");
    EXPECT_TRUE(client.wait_for_answer("3")) << method;
  }
  EXPECT_TRUE(ran.empty());
}

}  // namespace
}  // namespace weir::rpc
