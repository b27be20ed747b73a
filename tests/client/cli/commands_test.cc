// SPDX-License-Identifier: Apache-2.0
// `weir`, `weir health` and `weir load`, by the real binary.
#include <gmock/gmock.h>
#include <signal.h>

#include <atomic>

#include "tests/client/cli/run_weir.h"
#include "tests/client/fake_server.h"

namespace weir::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using Serving = client::FakeHealth::Response;
namespace v1 = users::v1;

class CommandsTest : public ::testing::Test {
 protected:
  Ran run(std::vector<std::string> arguments) const { return run_weir(with_address(arguments)); }
  std::vector<std::string> with_address(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--address", server_.address()});
    return arguments;
  }
  void gets_answer(grpc::Status status) {
    server_.users.get = [this, status](auto&, const v1::GetUserRequest& request, v1::User& user) {
      ++gets_;
      user.set_id(request.id());
      return status;
    };
  }

  client::FakeServer server_;
  std::atomic<int> gets_ = 0;
};

TEST_F(CommandsTest, HelpTeaches) {
  const Ran help = run_weir({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* part :
       {"--address", "WEIR_ADDRESS", "Examples:", "Exit codes:", "users", "load"}) {
    EXPECT_THAT(help.out, HasSubstr(part));
  }
  for (const char* command : {"create", "get", "list", "update", "delete", "batch-get", "verify"}) {
    EXPECT_THAT(run_weir({"users", command, "--help"}).out,
                HasSubstr(std::string("Examples:\n  weir users ") + command));
  }
}

TEST_F(CommandsTest, VersionIsOneLine) {
  EXPECT_THAT(run_weir({"--version"}).out, MatchesRegex("weir [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(CommandsTest, WrongUsageExitsWithTwoAndCallsNobody) {
  const std::vector<std::string> cases[] = {
      {},
      {"users"},
      {"users", "get"},
      {"users", "get", "x"},
      {"users", "get", "1", "--timeout", "5"},
      {"users", "get", "1", "--timeout", "-5s"},
      {"users", "get", "1", "--retries", "11"},
      {"users", "get", "1", "--retries", "1", "--no-retries"},
      {"users", "get", "1", "--address", "localhost"},
      {"users", "get", "1", "--balance", "random"},
      {"load", "--ids", "9-1"},
      {"users", "fly"},
  };
  for (const auto& arguments : cases) {
    const Ran ran = run_weir(arguments);
    EXPECT_EQ(ran.exit_code, 2) << ::testing::PrintToString(arguments) << ran.err;
    EXPECT_NE(ran.err, "");
    EXPECT_EQ(ran.out, "");
  }
}

TEST_F(CommandsTest, TheEnvironmentIsCheckedLikeAFlag) {
  const Ran ran = run_weir({"users", "get", "1"}, "", {"WEIR_ADDRESS=nowhere"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, HasSubstr("address \"nowhere\" must be host:port"));
}

TEST_F(CommandsTest, HealthExitsByTheAnswer) {
  const Ran serving = run({"health"});
  EXPECT_EQ(serving.out, "SERVING\n");
  EXPECT_EQ(serving.exit_code, 0);

  server_.health.set(Serving::NOT_SERVING);
  EXPECT_EQ(run({"health"}).exit_code, 1);
  EXPECT_EQ(run({"health", "--json"}).out, "{\"status\":\"NOT_SERVING\"}\n");

  const Ran unknown = run({"health", "nobody"});
  EXPECT_EQ(unknown.exit_code, 3);
  EXPECT_THAT(unknown.err, HasSubstr("there is no such service (NOT_FOUND)"));
}

TEST_F(CommandsTest, HealthWatchShowsEachChangeUntilTheServerEndsIt) {
  InBackground watch(with_address({"health", "--watch"}));
  ASSERT_TRUE(watch.wait_for("  SERVING\n"));
  server_.health.set(Serving::NOT_SERVING);
  ASSERT_TRUE(watch.wait_for("  NOT_SERVING\n"));
  server_.health.end_watches(grpc::Status::OK);
  const Ran ran = watch.wait();
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.out,
              MatchesRegex("....-..-.. ..:..:..  SERVING\n....-..-.. ..:..:..  NOT_SERVING\n"));
}

TEST_F(CommandsTest, ControlCEndsAWatchAndLeavesTheStream) {
  InBackground watch(with_address({"health", "--watch"}));
  ASSERT_TRUE(watch.wait_for("  SERVING\n"));
  watch.send(SIGINT);
  EXPECT_EQ(watch.wait().exit_code, 130);
  server_.health.wait_until_left();
}

TEST_F(CommandsTest, AnOpenLoadMakesAsManyCallsAsItsRateSays) {
  gets_answer(grpc::Status::OK);
  const Ran ran = run({"load", "--rate", "200", "--duration", "500ms", "--ids", "5-9"});
  EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_EQ(gets_, 100);
  EXPECT_THAT(ran.out,
              MatchesRegex("calls    100 in .* s, .* per second\n"
                           "ok       100\n"
                           "failed   0\n"
                           "latency  p50 .* ms  p90 .* ms  p99 .* ms  p999 .* ms  max .* ms\n"));
}

// The second call would be due after more nanoseconds than can be counted.
TEST_F(CommandsTest, ALoadOfATinyRateIsOneCall) {
  gets_answer(grpc::Status::OK);
  const Ran ran = run({"load", "--rate", "1e-300", "--duration", "100ms"});
  EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_EQ(gets_, 1);
}

TEST_F(CommandsTest, AClosedLoadKeepsItsConcurrency) {
  gets_answer(grpc::Status::OK);
  const Ran ran =
      run({"load", "--concurrency", "4", "--connections", "2", "--duration", "300ms", "--json"});
  EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_GT(gets_, 0);
  const std::string calls = std::to_string(gets_);
  EXPECT_THAT(ran.out, HasSubstr("{\"calls\":" + calls + ",\"ok\":" + calls +
                                 ",\"failed\":0,\"errors\":{}"));
}

TEST_F(CommandsTest, ALoadWithAFailedCallExitsWithOneAndSaysWhich) {
  gets_answer(grpc::Status(grpc::StatusCode::UNAVAILABLE, "not now"));
  const Ran ran = run({"load", "--rate", "100", "--duration", "100ms", "--no-retries"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(gets_, 10);
  EXPECT_THAT(ran.out, HasSubstr("ok       0\nfailed   10\n  UNAVAILABLE  10  first: not now\n"));
}

TEST_F(CommandsTest, ALoadRefusesTheAnswerToAnotherQuestion) {
  server_.users.get = [](auto&, auto&, v1::User& user) {
    user.set_id(1'000'000);
    return grpc::Status::OK;
  };
  const Ran ran = run({"load", "--rate", "100", "--duration", "50ms"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.out, HasSubstr("DATA_LOSS  5"));
}

TEST_F(CommandsTest, ControlCEndsALoadWithItsReport) {
  std::promise<void> first;
  std::once_flag once;
  server_.users.get = [&](auto&, const v1::GetUserRequest& request, v1::User& user) {
    std::call_once(once, [&] { first.set_value(); });
    user.set_id(request.id());
    return grpc::Status::OK;
  };
  InBackground load(with_address({"load", "--rate", "10", "--duration", "1h"}));
  first.get_future().wait();
  load.send(SIGINT);
  const Ran ran = load.wait();
  EXPECT_EQ(ran.exit_code, 130);
  EXPECT_THAT(ran.out, HasSubstr("\nfailed   0\n"));
}

// The server has no batches here, and nothing is ever typed.
TEST_F(CommandsTest, AnUploadFromATerminalEndsWithItsCall) {
  for (const char* command : {"process", "submit"}) {
    OnTerminal terminal(with_address({"batch", command, "-"}));
    const Ran ran = terminal.wait();
    EXPECT_EQ(ran.signal, 0);
    EXPECT_THAT(ran.out, HasSubstr("UNIMPLEMENTED"));
  }
}

}  // namespace
}  // namespace weir::cli
