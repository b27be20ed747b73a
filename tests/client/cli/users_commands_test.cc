// SPDX-License-Identifier: Apache-2.0
// `weir users ...`: what it prints and how it exits, to the letter, by the real binary.
#include <gmock/gmock.h>
#include <signal.h>
#include <stdlib.h>

#include <atomic>
#include <cstdio>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "rpc/status.h"
#include "server/status/details.h"
#include "tests/client/cli/run_weir.h"
#include "tests/client/fake_server.h"

namespace weir::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
namespace v1 = users::v1;

constexpr const char kAda[] =
    "id       42\n"
    "name     Ada Lovelace\n"
    "email    ada@example.com\n"
    "created  2026-11-20 12:00:00 UTC\n"
    "updated  2026-11-20 13:00:00 UTC\n"
    "etag     \"42\"\n";
constexpr const char kAdaAsJson[] =
    R"({"id":"42","name":"Ada Lovelace","email":"ada@example.com","etag":"\"42\"",)"
    R"("create_time":"2026-11-20T12:00:00Z","update_time":"2026-11-20T13:00:00Z"})"
    "\n";

v1::User ada() { return client::make_user(42, "Ada Lovelace", "ada@example.com"); }

class UsersCommandsTest : public ::testing::Test {
 protected:
  // With the fake server's address in the environment.
  Ran run(const std::vector<std::string>& arguments, const std::string& in = "") const {
    return run_weir(arguments, in, {"WEIR_ADDRESS=" + server_.address()});
  }
  void get_fails_with(const absl::Status& error) {
    server_.users.get = [error](auto&, auto&, auto&) { return rpc::to_grpc(error); };
  }

  client::FakeServer server_;
};

TEST_F(UsersCommandsTest, GetShowsAUserForPeople) {
  server_.users.get = [](auto&, const v1::GetUserRequest& request, v1::User& user) {
    EXPECT_EQ(request.id(), 42);
    user = ada();
    return grpc::Status::OK;
  };
  const Ran ran = run({"users", "get", "42"});
  EXPECT_EQ(ran.out, kAda);
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.exit_code, 0);
}

TEST_F(UsersCommandsTest, GetShowsAUserForScripts) {
  server_.users.get = [](auto&, auto&, v1::User& user) {
    user = ada();
    return grpc::Status::OK;
  };
  EXPECT_EQ(run({"users", "get", "42", "--json"}).out, kAdaAsJson);
  EXPECT_EQ(run({"--json", "users", "get", "42"}).out, kAdaAsJson);
}

// Whatever part of an answer it is that a terminal would act upon.
TEST_F(UsersCommandsTest, NothingThatAServerSaysReachesTheTerminalAsACommand) {
  const std::string evil =
      "\x1b]0;title\x07\r\xc2\x9b"
      "2J\u202e";
  v1::User user = ada();
  user.set_name(evil);
  user.set_email(evil);
  user.set_etag(evil);
  server_.users.get = [&](auto&, auto&, v1::User& answer) {
    answer = user;
    return grpc::Status::OK;
  };
  server_.users.list = [&](auto&, auto&, v1::ListUsersResponse& answer) {
    *answer.add_users() = user;
    answer.set_next_page_token(evil);
    return grpc::Status::OK;
  };
  server_.users.remove = [&](auto&, auto&, auto&) {
    return rpc::to_grpc(
        status::Error(absl::StatusCode::kResourceExhausted, evil, evil).quota(evil, evil));
  };
  server_.users.update = [&](auto&, auto&, auto&) {
    return rpc::to_grpc(status::BadRequest().add(evil, evil));
  };
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"users", "get", "42"},
                                             {"users", "list"},
                                             {"users", "delete", "42"},
                                             {"users", "update", "42", "--name", "Bob"}}) {
    for (const bool json : {false, true}) {
      std::vector<std::string> arguments = command;
      if (json) arguments.push_back("--json");
      const Ran ran = run(arguments);
      for (const std::string& shown : {ran.out, ran.err}) {
        for (const char* harmful : {"\x1b", "\x07", "\r", "\xc2\x9b", "\u202e"}) {
          EXPECT_THAT(shown, Not(HasSubstr(harmful))) << command[1];
        }
      }
      EXPECT_THAT(ran.out + ran.err, HasSubstr("title")) << command[1];
    }
  }
}

TEST_F(UsersCommandsTest, AnErrorIsOneLineWithItsReasonAndAHint) {
  get_fails_with(
      status::Error(absl::StatusCode::kNotFound, "USER_NOT_FOUND", "there is no user 7"));
  const Ran ran = run({"users", "get", "7"});
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err,
            "weir: there is no user 7 (NOT_FOUND, USER_NOT_FOUND)\n"
            "  hint: `weir users list` shows who is there\n");
  EXPECT_EQ(ran.exit_code, 3);
}

TEST_F(UsersCommandsTest, AnErrorForScriptsIsAGoogleRpcStatus) {
  get_fails_with(status::Error(absl::StatusCode::kNotFound, "USER_NOT_FOUND", "there is no user 7")
                     .metadata("id", "7"));
  const Ran ran = run({"users", "get", "7", "--json"});
  EXPECT_EQ(ran.err,
            R"({"code":5,"message":"there is no user 7","details":[)"
            R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"USER_NOT_FOUND",)"
            R"("domain":"weir.dev","metadata":{"id":"7"}}]})"
            "\n");
  EXPECT_EQ(ran.exit_code, 3);
}

TEST_F(UsersCommandsTest, FieldsAtFaultAreListed) {
  server_.users.create = [](auto&, auto&, auto&) {
    status::BadRequest bad;
    bad.add("name", "must not be empty").add("email", "must be an e-mail address");
    return rpc::to_grpc(bad);
  };
  const Ran ran = run({"users", "create", "--name", "", "--email", "x"});
  EXPECT_EQ(ran.err,
            "weir: name must not be empty, and 1 more (INVALID_ARGUMENT, INVALID_REQUEST)\n"
            "  name: must not be empty\n"
            "  email: must be an e-mail address\n");
  EXPECT_EQ(ran.exit_code, 4);
}

TEST_F(UsersCommandsTest, WhatAServerWroteCannotMoveTheCursor) {
  get_fails_with(absl::InternalError("a\x1b[2Jb"));
  EXPECT_EQ(run({"users", "get", "7"}).err, "weir: a\\u001b[2Jb (INTERNAL)\n");
}

TEST_F(UsersCommandsTest, WhereNobodyListensTheHintNamesTheAddress) {
  server_.stop();
  const Ran ran = run({"users", "get", "7"});
  EXPECT_THAT(ran.err,
              HasSubstr("(UNAVAILABLE)\n  hint: is a server running at " + server_.address() +
                        "? --address or WEIR_ADDRESS names another\n"));
  EXPECT_EQ(ran.exit_code, 5);
}

TEST_F(UsersCommandsTest, ACallThatHangsEndsInTime) {
  server_.users.hang_gets();
  const Ran ran = run({"users", "get", "7", "--timeout", "100ms"});
  EXPECT_THAT(ran.err, HasSubstr("(DEADLINE_EXCEEDED)\n  hint: there was no answer within 100ms"));
  EXPECT_EQ(ran.exit_code, 5);
}

TEST_F(UsersCommandsTest, RetriesAreAsManyAsAskedFor) {
  std::atomic<int> calls = 0;
  server_.users.get = [&](auto&, auto&, auto&) {
    ++calls;
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "not now");
  };
  run({"users", "get", "7", "--retries", "2"});
  EXPECT_EQ(calls.exchange(0), 3);
  run({"users", "get", "7", "--no-retries"});
  EXPECT_EQ(calls, 1);
}

TEST_F(UsersCommandsTest, ListIsATableAndSaysWhereToGoOn) {
  server_.users.list = [](auto&, const v1::ListUsersRequest& request, auto& page) {
    EXPECT_EQ(request.page_size(), 2);
    *page.add_users() = client::make_user(9, "Zo\u00eb", "zoe@example.com");
    *page.add_users() = client::make_user(10, "Al", "al@example.org");
    page.set_next_page_token("abc");
    page.set_total_size(12);
    return grpc::Status::OK;
  };
  const Ran ran = run({"users", "list", "--page-size", "2"});
  EXPECT_EQ(ran.out,
            "ID  NAME  EMAIL            CREATED              UPDATED\n"
            " 9  Zo\u00eb   zoe@example.com  2026-11-20 12:00:00  2026-11-20 13:00:00\n"
            "10  Al    al@example.org   2026-11-20 12:00:00  2026-11-20 13:00:00\n");
  EXPECT_EQ(ran.err,
            "2 of 12 users\n"
            "next page: weir users list --page-token abc\n");
}

TEST_F(UsersCommandsTest, ListAllFollowsThePages) {
  server_.users.list = [](auto&, const v1::ListUsersRequest& request, auto& page) {
    const bool first = request.page_token().empty();
    *page.add_users() = client::make_user(first ? 1 : 2, "n", "e");
    if (first) page.set_next_page_token("second");
    page.set_total_size(2);
    return grpc::Status::OK;
  };
  const Ran table = run({"users", "list", "--all"});
  EXPECT_THAT(table.out, ::testing::MatchesRegex("ID.*\n 1.*\n 2.*\n"));
  EXPECT_EQ(table.err, "2 of 2 users\n");

  const Ran json = run({"users", "list", "--all", "--json"});
  EXPECT_THAT(json.out, ::testing::MatchesRegex("\\{\"users\":\\[\\{\"id\":\"1\".*\\}\n"
                                                "\\{\"users\":\\[\\{\"id\":\"2\".*\\}\n"));
}

TEST_F(UsersCommandsTest, UpdateNamesTheFieldsThatWereGiven) {
  v1::UpdateUserRequest sent;
  server_.users.update = [&](auto&, const v1::UpdateUserRequest& request, v1::User& user) {
    sent = request;
    user = ada();
    return grpc::Status::OK;
  };
  EXPECT_EQ(run({"users", "update", "42", "--name", "", "--etag", "\"1\""}).out, kAda);
  ASSERT_EQ(sent.update_mask().paths_size(), 1);
  EXPECT_EQ(sent.update_mask().paths(0), "name");
  EXPECT_EQ(sent.user().etag(), "\"1\"");

  const Ran nothing = run({"users", "update", "42"});
  EXPECT_THAT(nothing.err, HasSubstr("nothing to change: give --name or --email"));
  EXPECT_EQ(nothing.exit_code, 2);
}

TEST_F(UsersCommandsTest, DeleteSaysWhatItDid) {
  server_.users.remove = [](auto&, const v1::DeleteUserRequest& request, auto&) {
    if (request.etag() != "stale") return grpc::Status::OK;
    return grpc::Status(grpc::StatusCode::ABORTED, "changed");
  };
  EXPECT_EQ(run({"users", "delete", "42"}).out, "deleted user 42\n");
  EXPECT_EQ(run({"users", "delete", "42", "--json"}).out, "{}\n");
  EXPECT_EQ(run({"users", "delete", "42", "--etag", "stale"}).exit_code, 6);
}

TEST_F(UsersCommandsTest, BatchGetIsATableInTheOrderAskedFor) {
  server_.users.batch_get = [](auto&, const v1::BatchGetUsersRequest& request, auto& response) {
    for (const auto id : request.ids()) *response.add_users() = client::make_user(id, "n", "e");
    return grpc::Status::OK;
  };
  EXPECT_THAT(run({"users", "batch-get", "3", "1"}).out,
              ::testing::MatchesRegex("ID.*\n 3.*\n 1.*\n"));
  EXPECT_THAT(run({"users", "batch-get", "3", "1", "--json"}).out,
              ::testing::StartsWith("{\"users\":[{\"id\":\"3\""));
}

class PasswordTest : public UsersCommandsTest {
 protected:
  PasswordTest() {
    server_.users.verify = [this](auto&, const v1::VerifyPasswordRequest& request, v1::User& user) {
      password_ = request.password();
      user = ada();
      if (password_ == "right password") return grpc::Status::OK;
      return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "wrong");
    };
    server_.users.create = [this](auto&, const v1::CreateUserRequest& request, v1::User& user) {
      password_ = request.password();
      user = ada();
      return grpc::Status::OK;
    };
  }

  std::vector<std::string> on_server(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--address", server_.address()});
    return arguments;
  }

  std::string password_ = "none was sent";
};

TEST_F(PasswordTest, ComesFromStandardInput) {
  EXPECT_EQ(run({"users", "verify", "ada@example.com", "--password-stdin"}, "right password\n").out,
            kAda);
  EXPECT_EQ(run({"users", "verify", "ada@example.com", "--password-stdin"}, "wrong").exit_code, 7);
  EXPECT_EQ(password_, "wrong");
}

TEST_F(PasswordTest, ComesFromAFile) {
  const std::string path = ::testing::TempDir() + absl::StrCat("weir-password-", getpid());
  std::ofstream(path) << "right password\r\n";
  EXPECT_EQ(run({"users", "verify", "ada@example.com", "--password-file", path}).exit_code, 0);
  std::remove(path.c_str());
  const Ran gone = run({"users", "verify", "ada@example.com", "--password-file", path});
  EXPECT_EQ(gone.err, "weir: cannot read the file " + path + "\n");
  EXPECT_EQ(gone.exit_code, 2);
}

TEST_F(PasswordTest, IsNotAskedForWhereThereIsNoTerminal) {
  const Ran ran = run({"users", "verify", "ada@example.com"}, "right password\n");
  EXPECT_THAT(ran.err, HasSubstr("use --password-stdin or --password-file"));
  EXPECT_EQ(ran.exit_code, 2);
}

TEST_F(PasswordTest, ANewUserHasNoneUnlessAskedFor) {
  EXPECT_EQ(run({"users", "create", "--name", "Ada", "--email", "a@b"}).exit_code, 0);
  EXPECT_EQ(password_, "");
}

TEST_F(PasswordTest, IsTypedTwiceAndNeverShown) {
  OnTerminal terminal(on_server({"users", "create", "--name", "A", "--email", "a", "--password"}));
  terminal.type("Password: ", "tr0ub4dor\n");
  terminal.type("Again: ", "tr0ub4dor\n");
  const Ran ran = terminal.wait();
  EXPECT_EQ(ran.exit_code, 0) << ran.out;
  EXPECT_EQ(password_, "tr0ub4dor");
  EXPECT_THAT(ran.out, HasSubstr("Ada Lovelace"));
  EXPECT_THAT(ran.out, Not(HasSubstr("tr0ub4dor")));
  EXPECT_TRUE(terminal.echoes());
}

TEST_F(PasswordTest, TypedDifferentlyTheSecondTimeIsNotSent) {
  OnTerminal terminal(on_server({"users", "create", "--name", "A", "--email", "a", "--password"}));
  terminal.type("Password: ", "one\n");
  terminal.type("Again: ", "two\n");
  const Ran ran = terminal.wait();
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.out, HasSubstr("the two passwords differ"));
  EXPECT_EQ(password_, "none was sent");
}

TEST_F(PasswordTest, ControlCAtThePromptLeavesTheTerminalAsItWas) {
  OnTerminal terminal(on_server({"users", "verify", "ada@example.com"}));
  terminal.type("Password: ", "\x03");
  EXPECT_EQ(terminal.wait().signal, SIGINT);
  EXPECT_TRUE(terminal.echoes());
}

}  // namespace
}  // namespace weir::cli
