// SPDX-License-Identifier: Apache-2.0
// CreateUser: uniqueness and idempotency, on a real Postgres.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "async/join.h"
#include "tests/support/error_details.h"
#include "tests/users/user_stack.h"

namespace weir::users {
namespace {

using testing::StackOptions;
using testing::UserDatabase;
using testing::UserStack;
using weir::testing::bad_fields;
using weir::testing::reason_of;

class CreateUser : public ::testing::Test {
 protected:
  std::string rows() { return database_.psql().value("SELECT count(*) FROM users"); }

  // So many at once, on one loop.
  std::vector<absl::StatusOr<v1::User>> create_at_once(
      const std::vector<v1::CreateUserRequest>& requests) {
    auto all = [](UserService& service, const std::vector<v1::CreateUserRequest>& each)
        -> Task<std::vector<absl::StatusOr<v1::User>>> {
      std::vector<Task<absl::StatusOr<v1::User>>> tasks;
      for (const auto& request : each) tasks.push_back(service.create_user(request));
      co_return co_await join_all(std::move(tasks));
    };
    return stack_.run(all(stack_.service(), requests));
  }

  UserDatabase database_;
  UserStack stack_{database_};
};

v1::CreateUserRequest request(const std::string& name, const std::string& email,
                              const std::string& request_id = "") {
  v1::CreateUserRequest request;
  request.set_name(name);
  request.set_email(email);
  request.set_request_id(request_id);
  return request;
}

TEST_F(CreateUser, AnswersWithTheUserAsItIsStored) {
  const v1::User ada = stack_.create("Ada", "Ada@Example.com").value();
  EXPECT_EQ(ada.id(), database_.first_id());
  EXPECT_EQ(ada.name(), "Ada");
  EXPECT_EQ(ada.email(), "ada@example.com");
  EXPECT_GT(ada.create_time().seconds(), 1'700'000'000);
  EXPECT_EQ(ada.create_time().seconds(), ada.update_time().seconds());
  EXPECT_EQ(ada.create_time().nanos(), ada.update_time().nanos());
  EXPECT_EQ(ada.etag(), "\"1\"");
  EXPECT_EQ(stack_.get(ada.id()).value().SerializeAsString(), ada.SerializeAsString());
}

TEST_F(CreateUser, NamesEveryFieldThatIsWrong) {
  const absl::Status status = stack_.create("", "ada", "short", "not visible").status();
  EXPECT_EQ(bad_fields(status),
            (std::vector<std::string>{"name", "email", "password", "request_id"}));
  EXPECT_EQ(rows(), "0");
}

TEST_F(CreateUser, RefusesAnEmailThatAnotherUserHasInWhateverCase) {
  ASSERT_TRUE(stack_.create("Ada", "ada@example.com").ok());
  const absl::Status status = stack_.create("Eve", "ADA@example.COM").status();
  EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
  EXPECT_EQ(reason_of(status), "EMAIL_TAKEN");
  EXPECT_EQ(rows(), "1");
}

TEST_F(CreateUser, LetsExactlyOneOfFiftyHaveAnEmail) {
  std::vector<v1::CreateUserRequest> requests;
  for (int i = 0; i < 50; ++i)
    requests.push_back(request(absl::StrCat("Ada ", i), "ada@example.com"));
  int created = 0;
  for (const auto& user : create_at_once(requests)) {
    if (user.ok()) {
      ++created;
    } else {
      EXPECT_EQ(reason_of(user.status()), "EMAIL_TAKEN") << user.status();
    }
  }
  EXPECT_EQ(created, 1);
  EXPECT_EQ(rows(), "1");
}

TEST_F(CreateUser, AnswersTheSameRequestAgainWithTheFirstAnswer) {
  const v1::User first = stack_.create("Ada", "ada@example.com", "", "request-1").value();
  ASSERT_TRUE(stack_.rename(first.id(), "Countess").ok());
  const v1::User again = stack_.create("Ada", "ADA@example.com", "", "request-1").value();
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(rows(), "1");
  // And what is cached is not set back to it.
  EXPECT_EQ(stack_.get(first.id()).value().name(), "Countess");
}

TEST_F(CreateUser, AnswersTheSameRequestAgainEvenIfTheUserIsGone) {
  const v1::User first = stack_.create("Ada", "ada@example.com", "", "request-1").value();
  ASSERT_TRUE(stack_.remove(first.id()).ok());
  EXPECT_EQ(stack_.create("Ada", "ada@example.com", "", "request-1").value().id(), first.id());
  EXPECT_EQ(rows(), "0");
  EXPECT_TRUE(absl::IsNotFound(stack_.get(first.id()).status()));
}

TEST_F(CreateUser, CreatesOneUserForFiftyCopiesOfARequest) {
  const std::vector<v1::CreateUserRequest> requests(50, request("Ada", "ada@example.com", "r"));
  for (const auto& user : create_at_once(requests)) {
    ASSERT_TRUE(user.ok()) << user.status();
    EXPECT_EQ(user->id(), database_.first_id());
  }
  EXPECT_EQ(rows(), "1");
}

TEST_F(CreateUser, RefusesARequestIdThatWasUsedForSomethingElse) {
  ASSERT_TRUE(stack_.create("Ada", "ada@example.com", "", "request-1").ok());
  for (const auto& other :
       {stack_.create("Eve", "ada@example.com", "", "request-1"),
        stack_.create("Ada", "eve@example.com", "", "request-1"),
        stack_.create("Ada", "ada@example.com", "with a password", "request-1")}) {
    EXPECT_EQ(bad_fields(other.status()), std::vector<std::string>{"request_id"});
  }
  EXPECT_EQ(rows(), "1");
}

TEST_F(CreateUser, ForgetsARequestThatFailed) {
  const v1::User ada = stack_.create("Ada", "ada@example.com").value();
  EXPECT_TRUE(
      absl::IsAlreadyExists(stack_.create("Eve", "ada@example.com", "", "request-1").status()));
  ASSERT_TRUE(stack_.remove(ada.id()).ok());
  EXPECT_EQ(stack_.create("Eve", "ada@example.com", "", "request-1").value().name(), "Eve");
}

TEST_F(CreateUser, HonoursARequestIdForADay) {
  ASSERT_TRUE(stack_.create("Ada", "ada@example.com", "", "request-1").ok());
  const auto age = [&](const char* interval) {
    database_.psql().run(absl::StrCat(
        "UPDATE idempotency_keys SET create_time = now() - interval '", interval, "'"));
  };
  age("23 hours 59 minutes");
  EXPECT_TRUE(stack_.create("Ada", "ada@example.com", "", "request-1").ok());
  age("24 hours 1 minute");
  // Now it is a request like any other, and the e-mail is taken.
  EXPECT_TRUE(
      absl::IsAlreadyExists(stack_.create("Ada", "ada@example.com", "", "request-1").status()));
  EXPECT_TRUE(stack_.create("Bob", "bob@example.com", "", "request-1").ok());
}

TEST_F(CreateUser, KeepsRequestIdsNoLongerThanItMust) {
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(stack_.create("A", absl::StrCat(i, "@a"), "", absl::StrCat("old-", i)).ok());
  }
  database_.psql().run("UPDATE idempotency_keys SET create_time = now() - interval '25 hours'");
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(stack_.create("B", absl::StrCat(i, "@b"), "", absl::StrCat("new-", i)).ok());
  }
  EXPECT_EQ(database_.psql().value("SELECT count(*) FROM idempotency_keys"), "3");
}

TEST_F(CreateUser, StoresNothingOfThePasswordButItsHash) {
  ASSERT_TRUE(stack_.create("Ada", "ada@example.com", "correct horse", "request-1").ok());
  const std::string hash = database_.psql().value("SELECT password_hash FROM users");
  EXPECT_EQ(hash.rfind("$argon2id$v=19$", 0), 0u) << hash;
  EXPECT_EQ(database_.psql().value("SELECT position('horse' IN users::text) FROM users"), "0");
  // Two requests that differ in the password alone leave the same fingerprint.
  const std::string fingerprint =
      database_.psql().value("SELECT request_hash FROM idempotency_keys");
  database_.psql().run("DELETE FROM users; DELETE FROM idempotency_keys");
  ASSERT_TRUE(stack_.create("Ada", "ada@example.com", "another horse", "request-1").ok());
  EXPECT_EQ(database_.psql().value("SELECT request_hash FROM idempotency_keys"), fingerprint);
}

}  // namespace
}  // namespace weir::users
