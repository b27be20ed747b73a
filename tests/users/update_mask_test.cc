// SPDX-License-Identifier: Apache-2.0
#include "server/users/update_mask.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace weir::users {
namespace {

v1::UpdateUserRequest request(const std::string& name, const std::string& email,
                              std::initializer_list<const char*> paths) {
  v1::UpdateUserRequest request;
  request.mutable_user()->set_id(1);
  request.mutable_user()->set_name(name);
  request.mutable_user()->set_email(email);
  for (const char* path : paths) request.mutable_update_mask()->add_paths(path);
  return request;
}

std::vector<std::string> bad_fields(const v1::UpdateUserRequest& request) {
  status::BadRequest bad;
  changes_of(request, bad);
  std::vector<std::string> fields;
  if (const auto details = status::detail_of<google::rpc::BadRequest>(bad)) {
    for (const auto& violation : details->field_violations()) fields.push_back(violation.field());
  }
  return fields;
}

UserChanges good_changes(const v1::UpdateUserRequest& request) {
  status::BadRequest bad;
  UserChanges changes = changes_of(request, bad);
  EXPECT_TRUE(bad.ok());
  return changes;
}

TEST(UpdateMask, ChangesOnlyWhatItNames) {
  const UserChanges changes = good_changes(request("Ada", "not even an address", {"name"}));
  EXPECT_EQ(changes.name, "Ada");
  EXPECT_EQ(changes.email, std::nullopt);
}

TEST(UpdateMask, StarChangesBoth) {
  const UserChanges changes = good_changes(request("Ada", "ADA@example.com", {"*"}));
  EXPECT_EQ(changes.name, "Ada");
  EXPECT_EQ(changes.email, "ada@example.com");
}

TEST(UpdateMask, AbsentChangesWhatIsSet) {
  EXPECT_EQ(good_changes(request("", "ada@example.com", {})).name, std::nullopt);
  EXPECT_EQ(good_changes(request("", "ada@example.com", {})).email, "ada@example.com");
  EXPECT_EQ(good_changes(request("Ada", "", {})).email, std::nullopt);
  EXPECT_TRUE(good_changes(request("", "", {})).empty());
}

TEST(UpdateMask, NamedTwiceIsNamedOnce) {
  EXPECT_EQ(good_changes(request("Ada", "", {"name", "name"})).name, "Ada");
}

TEST(UpdateMask, ANamedFieldMustBeValid) {
  EXPECT_EQ(bad_fields(request("", "", {"name"})), std::vector<std::string>{"user.name"});
  EXPECT_EQ(bad_fields(request("", "", {"email"})), std::vector<std::string>{"user.email"});
  EXPECT_EQ(bad_fields(request("", "", {"*"})),
            (std::vector<std::string>{"user.name", "user.email"}));
}

TEST(UpdateMask, AnUnknownPathIsNamedByItsPlace) {
  EXPECT_EQ(bad_fields(request("Ada", "", {"name", "id"})),
            std::vector<std::string>{"update_mask.paths[1]"});
  for (const char* path : {"", "Name", "user.name", "name.first", "password", "etag", "create_time",
                           "name,email", "**"}) {
    EXPECT_EQ(bad_fields(request("Ada", "ada@example.com", {path})),
              std::vector<std::string>{"update_mask.paths[0]"})
        << path;
  }
}

TEST(UpdateMask, StarStandsAlone) {
  EXPECT_EQ(bad_fields(request("Ada", "ada@example.com", {"*", "name"})),
            std::vector<std::string>{"update_mask.paths[0]"});
}

TEST(UpdateMask, OfVeryManyPathsIsNotLookedInto) {
  v1::UpdateUserRequest many = request("Ada", "", {});
  for (int i = 0; i < 101; ++i) many.mutable_update_mask()->add_paths("nothing");
  EXPECT_EQ(bad_fields(many), std::vector<std::string>{"update_mask.paths"});
}

}  // namespace
}  // namespace weir::users
