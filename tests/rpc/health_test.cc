// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/health.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/rpc/number_server.h"

namespace weir::rpc {
namespace {

using namespace test;
using Stub = grpc::health::v1::Health::Stub;
using Response = Health::Response;

Health::Request about(std::string service) {
  Health::Request request;
  request.set_service(std::move(service));
  return request;
}

Response::ServingStatus check(Stub& health, const std::string& service) {
  CallContext context;
  Response response;
  const grpc::Status status = health.Check(&context, about(service), &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response.status();
}

class HealthTest : public ::testing::Test {
 protected:
  HealthTest() {
    server_.start();
    stub_ = grpc::health::v1::Health::NewStub(server_.channel());
  }
  Health& health() { return server_.server().health(); }

  NumberServer server_;
  std::unique_ptr<Stub> stub_;
};

TEST_F(HealthTest, CheckAnswersForTheServerAndEachService) {
  EXPECT_EQ(check(*stub_, ""), Response::SERVING);
  EXPECT_EQ(check(*stub_, "weir.rpc.test.Numbers"), Response::SERVING);
  health().set_serving(false);
  EXPECT_EQ(check(*stub_, ""), Response::NOT_SERVING);
  EXPECT_EQ(check(*stub_, "weir.rpc.test.Numbers"), Response::NOT_SERVING);
}

TEST_F(HealthTest, LivenessIsServingWhileTheServerIsNot) {
  health().set_serving(false);
  EXPECT_EQ(check(*stub_, Health::kLiveness), Response::SERVING);
}

TEST_F(HealthTest, CheckOfAnUnknownServiceIsNotFound) {
  CallContext context;
  Response response;
  EXPECT_EQ(stub_->Check(&context, about("nobody"), &response).error_code(), grpc::NOT_FOUND);
}

TEST_F(HealthTest, WatchTellsEachChange) {
  CallContext context;
  const auto watch = stub_->Watch(&context, about("weir.rpc.test.Numbers"));
  Response response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), Response::SERVING);
  for (const bool serving : {false, true, false}) {
    health().set_serving(serving);
    ASSERT_TRUE(watch->Read(&response));
    EXPECT_EQ(response.status(), serving ? Response::SERVING : Response::NOT_SERVING);
  }
}

TEST_F(HealthTest, WatchOfAnUnknownServiceSaysSoAndStaysOpen) {
  CallContext context;
  const auto watch = stub_->Watch(&context, about("nobody"));
  Response response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), Response::SERVICE_UNKNOWN);
  health().set_serving(false);
  context.TryCancel();
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(watch->Finish().error_code(), grpc::CANCELLED);
}

// grpc-go#8776, grpc-dotnet#2582: an open Watch holds Server::Shutdown up for its whole limit.
TEST_F(HealthTest, AnOpenWatchDoesNotDelayTheShutdown) {
  CallContext context;
  const auto watch = stub_->Watch(&context, about(""));
  CallContext unknown_context;
  const auto unknown = stub_->Watch(&unknown_context, about("nobody"));
  Response response;
  ASSERT_TRUE(watch->Read(&response));
  ASSERT_TRUE(unknown->Read(&response));
  const auto began = std::chrono::steady_clock::now();
  server_.server().shut_down(std::chrono::seconds(60));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(30));
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(watch->Finish().error_code(), grpc::UNAVAILABLE);
}

TEST(HealthAtTheStart, IsNotServingUntilSaidSo) {
  NumberServer server;
  ASSERT_TRUE(server.server().start().ok());
  const auto health = grpc::health::v1::Health::NewStub(server.channel());
  EXPECT_EQ(check(*health, ""), Response::NOT_SERVING);
  EXPECT_FALSE(server.server().health().is_serving());
}

}  // namespace
}  // namespace weir::rpc
