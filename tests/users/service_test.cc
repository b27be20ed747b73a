// SPDX-License-Identifier: Apache-2.0
// The methods of UserService but CreateUser and VerifyPassword, on a real Postgres and Redis.

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/error_details.h"
#include "tests/users/user_stack.h"

namespace weir::users {
namespace {

using testing::UserDatabase;
using testing::UserStack;
using weir::testing::bad_fields;
using weir::testing::reason_of;

std::int64_t nanoseconds_of(const google::protobuf::Timestamp& time) {
  return time.seconds() * 1'000'000'000 + time.nanos();
}

class Service : public ::testing::Test {
 protected:
  // `count` users, "user 0" and so on; their ids.
  std::vector<std::int64_t> create_users(int count) {
    std::vector<std::int64_t> ids;
    for (int i = 0; i < count; ++i) {
      ids.push_back(
          stack_.create(absl::StrCat("user ", i), absl::StrCat(i, "@example.com")).value().id());
    }
    return ids;
  }
  absl::StatusOr<v1::User> update(const v1::UpdateUserRequest& request) {
    return stack_.run(stack_.service().update_user(request));
  }

  UserDatabase database_;
  UserStack stack_{database_};
};

using GetUser = Service;
using ListUsers = Service;
using UpdateUser = Service;
using DeleteUser = Service;
using BatchGetUsers = Service;

TEST_F(GetUser, WantsAPositiveId) {
  for (const std::int64_t id : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN}) {
    EXPECT_EQ(bad_fields(stack_.get(id).status()), std::vector<std::string>{"id"});
  }
}

TEST_F(GetUser, NamesTheUserThatDoesNotExist) {
  const absl::Status status = stack_.get(INT64_MAX).status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_EQ(reason_of(status), "USER_NOT_FOUND");
  const auto resource = status::detail_of<google::rpc::ResourceInfo>(status);
  EXPECT_EQ(resource->resource_type(), "weir.users.v1.User");
  EXPECT_EQ(resource->resource_name(), absl::StrCat("users/", INT64_MAX));
}

TEST_F(ListUsers, GoesThroughAllOfThemInTheOrderOfTheirIds) {
  const std::vector<std::int64_t> ids = create_users(7);
  std::vector<std::int64_t> seen;
  std::string token;
  int pages = 0;
  do {
    const auto page = stack_.list(3, token).value();
    EXPECT_EQ(page.total_size(), 7);
    EXPECT_LE(page.users_size(), 3);
    for (const v1::User& user : page.users()) seen.push_back(user.id());
    token = page.next_page_token();
  } while (++pages < 10 && !token.empty());
  EXPECT_EQ(seen, ids);
  EXPECT_EQ(pages, 3);
}

TEST_F(ListUsers, EndsWithoutATokenWhenThePageIsExactlyFull) {
  create_users(3);
  const auto page = stack_.list(3).value();
  EXPECT_EQ(page.users_size(), 3);
  EXPECT_EQ(page.next_page_token(), "");
}

TEST_F(ListUsers, IsEmptyWithoutUsers) {
  const auto page = stack_.list(0).value();
  EXPECT_EQ(page.users_size(), 0);
  EXPECT_EQ(page.total_size(), 0);
  EXPECT_EQ(page.next_page_token(), "");
}

TEST_F(ListUsers, HasADefaultAndALargestPage) {
  database_.psql().run(
      "INSERT INTO users (name, email) SELECT 'u', i || '@example.com' "
      "FROM generate_series(1, 1100) i");
  EXPECT_EQ(stack_.list(0).value().users_size(), 50);
  EXPECT_EQ(stack_.list(1000).value().users_size(), 1000);
  EXPECT_EQ(stack_.list(INT32_MAX).value().users_size(), 1000);
  EXPECT_EQ(bad_fields(stack_.list(-1).status()), std::vector<std::string>{"page_size"});
}

TEST_F(ListUsers, KeepsItsPlaceWhileUsersComeAndGo) {
  const std::vector<std::int64_t> ids = create_users(4);
  const auto first = stack_.list(2).value();
  ASSERT_TRUE(stack_.remove(ids[0]).ok());
  ASSERT_TRUE(stack_.remove(ids[1]).ok());
  const auto second = stack_.list(2, first.next_page_token()).value();
  ASSERT_EQ(second.users_size(), 2);
  EXPECT_EQ(second.users(0).id(), ids[2]);
}

TEST_F(ListUsers, TakesTheTokensOfOtherReplicasAndNoOthers) {
  create_users(3);
  const std::string token = stack_.list(1).value().next_page_token();
  UserStack replica(database_);
  EXPECT_EQ(replica.list(1, token).value().users(0).name(), "user 1");
  for (const std::string& forged : {std::string("1"), std::string("forged"), token + "x",
                                    std::string("\xFF"), token.substr(0, 31) + "!"}) {
    EXPECT_EQ(bad_fields(stack_.list(1, forged).status()), std::vector<std::string>{"page_token"});
  }
}

TEST_F(UpdateUser, ChangesWhatTheMaskNamesAndTheEtag) {
  const v1::User before = stack_.create("Ada", "ada@example.com").value();
  const v1::User after = stack_.rename(before.id(), "Countess").value();
  EXPECT_EQ(after.name(), "Countess");
  EXPECT_EQ(after.email(), "ada@example.com");
  EXPECT_EQ(after.create_time().nanos(), before.create_time().nanos());
  EXPECT_GT(nanoseconds_of(after.update_time()), nanoseconds_of(before.update_time()));
  EXPECT_NE(after.etag(), before.etag());
  EXPECT_EQ(stack_.get(before.id()).value().SerializeAsString(), after.SerializeAsString());
}

TEST_F(UpdateUser, AppliesIfTheEtagIsTheUsersAndNotIfItIsStale) {
  const v1::User ada = stack_.create("Ada", "ada@example.com").value();
  const v1::User second = stack_.rename(ada.id(), "Second", ada.etag()).value();
  for (const std::string& stale : {ada.etag(), std::string("\"99\""), std::string("stale")}) {
    const absl::Status status = stack_.rename(ada.id(), "Third", stale).status();
    EXPECT_TRUE(absl::IsAborted(status)) << status;
    EXPECT_EQ(reason_of(status), "ETAG_MISMATCH");
  }
  EXPECT_EQ(stack_.rename(ada.id(), "Third", second.etag()).value().name(), "Third");
}

TEST_F(UpdateUser, ChangesNothingIfNothingIsNamed) {
  const v1::User ada = stack_.create("Ada", "ada@example.com").value();
  v1::UpdateUserRequest request;
  request.mutable_user()->set_id(ada.id());
  EXPECT_EQ(update(request).value().SerializeAsString(), ada.SerializeAsString());
  request.mutable_user()->set_etag("\"99\"");
  EXPECT_TRUE(absl::IsAborted(update(request).status()));
  request.mutable_user()->set_id(INT64_MAX);
  EXPECT_TRUE(absl::IsNotFound(update(request).status()));
}

TEST_F(UpdateUser, RefusesAnEmailThatAnotherUserHas) {
  create_users(2);
  const v1::User ada = stack_.create("Ada", "ada@example.com").value();
  v1::UpdateUserRequest request;
  request.mutable_user()->set_id(ada.id());
  request.mutable_user()->set_email("0@EXAMPLE.com");
  const absl::Status status = update(request).status();
  EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
  EXPECT_EQ(reason_of(status), "EMAIL_TAKEN");
  // One's own is no other's.
  request.mutable_user()->set_email("ADA@example.com");
  EXPECT_TRUE(update(request).ok());
}

TEST_F(UpdateUser, NamesWhatIsWrong) {
  EXPECT_EQ(bad_fields(stack_.rename(0, "Ada").status()), std::vector<std::string>{"user.id"});
  EXPECT_EQ(bad_fields(stack_.rename(1, "").status()), std::vector<std::string>{"user.name"});
  EXPECT_EQ(bad_fields(update(v1::UpdateUserRequest()).status()),
            std::vector<std::string>{"user.id"});
  const absl::Status missing = stack_.rename(INT64_MAX, "Ada", "\"1\"").status();
  EXPECT_TRUE(absl::IsNotFound(missing)) << missing;
}

TEST_F(DeleteUser, SucceedsOnce) {
  const std::int64_t id = create_users(1)[0];
  EXPECT_TRUE(stack_.remove(id).ok());
  EXPECT_TRUE(absl::IsNotFound(stack_.remove(id)));
  EXPECT_TRUE(absl::IsNotFound(stack_.get(id).status()));
  EXPECT_EQ(bad_fields(stack_.remove(0)), std::vector<std::string>{"id"});
}

TEST_F(DeleteUser, HonoursTheEtag) {
  const v1::User ada = stack_.create("Ada", "ada@example.com").value();
  const v1::User renamed = stack_.rename(ada.id(), "Countess").value();
  EXPECT_TRUE(absl::IsAborted(stack_.remove(ada.id(), ada.etag())));
  EXPECT_TRUE(stack_.get(ada.id()).ok());
  EXPECT_TRUE(stack_.remove(ada.id(), renamed.etag()).ok());
}

TEST_F(BatchGetUsers, AnswersInTheOrderAskedWithOneStatement) {
  const std::vector<std::int64_t> ids = create_users(5);
  const auto before = stack_.pool().stats().statements;
  const std::vector<std::int64_t> asked = {ids[3], ids[0], ids[4], ids[0]};
  const auto response = stack_.batch_get(asked).value();
  EXPECT_EQ(stack_.pool().stats().statements, before + 1);
  ASSERT_EQ(response.users_size(), 4);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(response.users(i).id(), asked[static_cast<std::size_t>(i)]);
  }
}

TEST_F(BatchGetUsers, NamesTheOneThatIsMissing) {
  const std::vector<std::int64_t> ids = create_users(2);
  const absl::Status status = stack_.batch_get({ids[0], INT64_MAX, ids[1]}).status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_EQ(status::detail_of<google::rpc::ResourceInfo>(status)->resource_name(),
            absl::StrCat("users/", INT64_MAX));
}

TEST_F(BatchGetUsers, HasALimitAndWantsPositiveIds) {
  EXPECT_EQ(bad_fields(stack_.batch_get({}).status()), std::vector<std::string>{"ids"});
  EXPECT_EQ(bad_fields(stack_.batch_get({1, 0, 2, -7}).status()),
            (std::vector<std::string>{"ids[1]", "ids[3]"}));
  EXPECT_EQ(bad_fields(stack_.batch_get(std::vector<std::int64_t>(1001, 1)).status()),
            std::vector<std::string>{"ids"});
  const std::int64_t id = create_users(1)[0];
  EXPECT_EQ(stack_.batch_get(std::vector<std::int64_t>(1000, id)).value().users_size(), 1000);
}

}  // namespace
}  // namespace weir::users
