// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/reflection.h"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/descriptor_database.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "extension.pb.h"
#include "tests/rpc/number_server.h"
#include "tests/rpc/threads.h"

namespace weir::rpc {
namespace {

using namespace test;
namespace v1 = grpc::reflection::v1;
namespace v1alpha = grpc::reflection::v1alpha;
using google::protobuf::FileDescriptorProto;
using ReflectionStream = grpc::ClientReaderWriter<Reflection::Request, Reflection::Response>;

class ReflectionTest : public ::testing::Test {
 protected:
  ReflectionTest() {
    server_.start();
    stub_ = v1::ServerReflection::NewStub(server_.channel());
    stream_ = stub_->ServerReflectionInfo(&context_);
  }
  ~ReflectionTest() override { context_.TryCancel(); }

  Reflection::Response ask(const Reflection::Request& request) {
    Reflection::Response response;
    EXPECT_TRUE(stream_->Write(request));
    EXPECT_TRUE(stream_->Read(&response));
    EXPECT_EQ(response.original_request().SerializeAsString(), request.SerializeAsString());
    return response;
  }
  Reflection::Response ask_for_file(const std::string& name) {
    Reflection::Request request;
    request.set_file_by_filename(name);
    return ask(request);
  }
  Reflection::Response ask_for_symbol(const std::string& name) {
    Reflection::Request request;
    request.set_file_containing_symbol(name);
    return ask(request);
  }
  Reflection::Response ask_for_extension(const std::string& type, int number) {
    Reflection::Request request;
    request.mutable_file_containing_extension()->set_containing_type(type);
    request.mutable_file_containing_extension()->set_extension_number(number);
    return ask(request);
  }

  NumberServer server_;
  std::unique_ptr<v1::ServerReflection::Stub> stub_;
  CallContext context_;
  std::unique_ptr<ReflectionStream> stream_;
};

std::vector<std::string> files_of(const Reflection::Response& response) {
  std::vector<std::string> names;
  for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
    FileDescriptorProto file;
    EXPECT_TRUE(file.ParseFromString(bytes));
    names.push_back(file.name());
  }
  return names;
}

template <class Response>
std::vector<std::string> services_of(const Response& response) {
  std::vector<std::string> names;
  for (const auto& service : response.list_services_response().service()) {
    names.push_back(service.name());
  }
  std::sort(names.begin(), names.end());
  return names;
}

using Names = std::vector<std::string>;

Names everything() {
  return {"grpc.channelz.v1.Channelz", "grpc.health.v1.Health",
          "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
          "weir.rpc.test.Numbers"};
}

TEST_F(ReflectionTest, ListsWhatIsServed) {
  Reflection::Request request;
  request.set_host("here");
  request.set_list_services("*");
  const Reflection::Response response = ask(request);
  EXPECT_EQ(response.valid_host(), "here");
  EXPECT_EQ(services_of(response), everything());
}

TEST_F(ReflectionTest, FindsAFileByItsNameAndByWhatIsInIt) {
  const Names file = {"test_service.proto"};
  EXPECT_EQ(files_of(ask_for_file("test_service.proto")), file);
  for (const char* symbol : {"weir.rpc.test.Numbers", "weir.rpc.test.Numbers.Unary",
                             "weir.rpc.test.Number", "weir.rpc.test.Number.padding"}) {
    EXPECT_EQ(files_of(ask_for_symbol(symbol)), file) << symbol;
  }
}

TEST_F(ReflectionTest, ImportsComeAfterTheirFileAndOnceOnAStream) {
  const Names first = files_of(ask_for_symbol("google.rpc.Status"));
  const Names with_import = {"google/rpc/status.proto", "google/protobuf/any.proto"};
  EXPECT_EQ(first, with_import);
  // What was asked for comes again, its imports do not.
  EXPECT_EQ(files_of(ask_for_symbol("google.rpc.Status")), Names{"google/rpc/status.proto"});
}

// All that is needed to build every service: what a client does.
TEST_F(ReflectionTest, WhatItSendsCanBeBuilt) {
  Reflection::Request request;
  request.set_list_services("*");
  google::protobuf::SimpleDescriptorDatabase database;
  for (const std::string& service : services_of(ask(request))) {
    const Reflection::Response response = ask_for_symbol(service);
    for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      FileDescriptorProto file;
      ASSERT_TRUE(file.ParseFromString(bytes));
      FileDescriptorProto before;
      const bool is_new = !database.FindFileByName(file.name(), &before);
      EXPECT_TRUE(!is_new || database.Add(file)) << file.name();
    }
  }
  google::protobuf::DescriptorPool pool(&database);
  for (const std::string& service : everything()) {
    EXPECT_NE(pool.FindServiceByName(service), nullptr) << service;
  }
}

TEST_F(ReflectionTest, FindsExtensions) {
  const std::string type = "google.protobuf.FieldOptions";
  Reflection::Request request;
  request.set_all_extension_numbers_of_type(type);
  const Reflection::Response response = ask(request);
  const v1::ExtensionNumberResponse& numbers = response.all_extension_numbers_response();
  EXPECT_EQ(numbers.base_type_name(), type);
  ASSERT_EQ(numbers.extension_number_size(), 1);
  EXPECT_EQ(numbers.extension_number(0), note.number());
  EXPECT_EQ(files_of(ask_for_extension(type, note.number())).front(), "extension.proto");
}

TEST_F(ReflectionTest, WhatIsUnknownIsNotFoundAndTheStreamGoesOn) {
  Reflection::Request extensions;
  extensions.set_all_extension_numbers_of_type("nobody.Knows");
  for (const Reflection::Response& response :
       {ask_for_file("nobody.proto"), ask_for_symbol("nobody.Knows"), ask_for_symbol(""),
        ask_for_extension("nobody.Knows", 1), ask_for_extension("weir.rpc.test.Number", 7),
        ask(extensions)}) {
    EXPECT_EQ(response.error_response().error_code(), grpc::NOT_FOUND);
    EXPECT_FALSE(response.error_response().error_message().empty());
  }
  EXPECT_EQ(ask(Reflection::Request()).error_response().error_code(), grpc::UNIMPLEMENTED);
  EXPECT_EQ(files_of(ask_for_file("test_service.proto")).size(), 1u);
}

TEST_F(ReflectionTest, ItsStreamEndsWithTheClients) {
  stream_->WritesDone();
  EXPECT_TRUE(stream_->Finish().ok());
}

TEST_F(ReflectionTest, TheOlderPackageAnswersTheSame) {
  const auto older = v1alpha::ServerReflection::NewStub(server_.channel());
  CallContext context;
  const auto stream = older->ServerReflectionInfo(&context);
  v1alpha::ServerReflectionRequest request;
  v1alpha::ServerReflectionResponse response;
  request.set_list_services("*");
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(services_of(response), everything());
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ReflectionTest, OpenStreamsHoldNoThreads) {
  constexpr int kStreams = 200;
  Reflection::Request request;
  request.set_list_services("*");
  ask(request);  // what a first call starts, in this client too, has started
  const int before = count_threads();
  std::vector<std::unique_ptr<CallContext>> contexts;
  std::vector<std::unique_ptr<ReflectionStream>> streams;
  Reflection::Response response;
  for (int i = 0; i < kStreams; ++i) {
    contexts.push_back(std::make_unique<CallContext>());
    streams.push_back(stub_->ServerReflectionInfo(contexts.back().get()));
    ASSERT_TRUE(streams.back()->Write(request));
    ASSERT_TRUE(streams.back()->Read(&response));
  }
  EXPECT_LT(count_threads(), before + 20);
  for (const auto& context : contexts) context->TryCancel();
}

TEST_F(ReflectionTest, AnOpenStreamEndsWithTheDrainAndDoesNotDelayIt) {
  ask_for_file("test_service.proto");
  const auto began = std::chrono::steady_clock::now();
  server_.server().shut_down(std::chrono::seconds(60));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(30));
  Reflection::Response response;
  EXPECT_FALSE(stream_->Read(&response));
  EXPECT_EQ(stream_->Finish().error_code(), grpc::UNAVAILABLE);
}

TEST(ReflectionOff, IsUnimplemented) {
  ServerOptions options = options_for_tests();
  options.reflection = false;
  NumberServer server(options);
  server.start();
  const auto stub = v1::ServerReflection::NewStub(server.channel());
  CallContext context;
  EXPECT_EQ(stub->ServerReflectionInfo(&context)->Finish().error_code(), grpc::UNIMPLEMENTED);
}

TEST(ReflectionWithoutChannelz, DoesNotNameIt) {
  ServerOptions options = options_for_tests();
  options.channelz = false;
  NumberServer server(options);
  server.start();
  const auto stub = v1::ServerReflection::NewStub(server.channel());
  CallContext context;
  const auto stream = stub->ServerReflectionInfo(&context);
  Reflection::Request request;
  Reflection::Response response;
  request.set_list_services("*");
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&response));
  Names others = everything();
  std::erase(others, "grpc.channelz.v1.Channelz");
  EXPECT_EQ(services_of(response), others);
  context.TryCancel();
}

}  // namespace
}  // namespace weir::rpc
