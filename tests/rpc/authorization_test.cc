// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/authorization.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace weir::rpc {
namespace {

constexpr char kPolicy[] = R"({
  "name": "test",
  "deny_rules": [{"name": "deletes", "request": {"paths": ["*/DeleteUser"]}}],
  "allow_rules": [
    {"name": "readers", "source": {"principals": ["spiffe://weir.dev/reader"]},
     "request": {"paths": ["/weir.users.v1.UserService/Get*"]}},
    {"name": "our own", "source": {"principals": ["spiffe://weir.dev/own/*"]}},
    {"name": "ping", "request": {"paths": ["/weir.Ping/Ping"]}}
  ]})";

bool allows(std::vector<std::string_view> principals, std::string_view path) {
  return AuthorizationPolicy::parse(kPolicy).value().allows(principals, path);
}

TEST(AuthorizationPolicyTest, ARuleIsAboutItsPrincipalsAndPaths) {
  EXPECT_TRUE(allows({"spiffe://weir.dev/reader"}, "/weir.users.v1.UserService/GetUser"));
  EXPECT_TRUE(allows({"other", "spiffe://weir.dev/reader"}, "/weir.users.v1.UserService/GetUser"));
  EXPECT_FALSE(allows({"spiffe://weir.dev/reader"}, "/weir.users.v1.UserService/ListUsers"));
  EXPECT_FALSE(allows({"spiffe://weir.dev/reader2"}, "/weir.users.v1.UserService/GetUser"));
  EXPECT_FALSE(allows({}, "/weir.users.v1.UserService/GetUser"));
}

TEST(AuthorizationPolicyTest, WhatARuleDoesNotNameItIsAboutAllOf) {
  EXPECT_TRUE(allows({"spiffe://weir.dev/own/1"}, "/anything/AtAll"));
  EXPECT_TRUE(allows({}, "/weir.Ping/Ping"));
}

TEST(AuthorizationPolicyTest, DenyingGoesFirst) {
  EXPECT_FALSE(allows({"spiffe://weir.dev/own/1"}, "/weir.users.v1.UserService/DeleteUser"));
}

TEST(AuthorizationPolicyTest, WhatIsNotUnderstoodIsRefused) {
  for (const char* policy :
       {"", "[]", "{}", R"({"allow_rules": []})", R"({"allow_rules": [{"when": "always"}]})",
        R"({"allow_rules": [{"request": {"headers": []}}]})",
        R"({"allow_rules": [{"request": {"paths": [""]}}]})",
        R"({"allow_rules": [{"source": {"principals": "all"}}]})",
        R"({"allow_rules": [{}], "audit_logging_options": {}})"}) {
    EXPECT_FALSE(AuthorizationPolicy::parse(policy).ok()) << policy;
  }
}

}  // namespace
}  // namespace weir::rpc
