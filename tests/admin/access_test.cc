// SPDX-License-Identifier: Apache-2.0
#include "server/admin/access.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace weir::admin {
namespace {

const std::string kToken = "a token of 16 or more";

Request get(std::string host = "127.0.0.1:8081") {
  return Request{.method = "GET", .path = "/", .host = std::move(host)};
}

Request put(std::string host, std::string origin) {
  return Request{.method = "PUT", .host = std::move(host), .origin = std::move(origin)};
}

Request with_token(Request request, const std::string& authorization) {
  request.authorization = authorization;
  return request;
}

// "" if it may be answered.
std::string refusal(const Access& access, const Request& request, Guard guard,
                    bool is_local = true) {
  const auto denial = access.check(request, guard, is_local);
  if (!denial) return "";
  EXPECT_GE(denial->page.status, 400);
  EXPECT_NE(denial->page.body, "");
  EXPECT_EQ(denial->page.headers.find("Access-Control"), std::string::npos);
  return name_of(denial->refusal);
}

TEST(Access, HostIsAnAddressOrANameOfTheServer) {
  Access access(AccessRules{.hosts = "admin.example.com, weir"});
  access.add_host("inside.example.com:8081");
  std::string own(256, '\0');
  ASSERT_EQ(gethostname(own.data(), own.size() - 1), 0);
  own = own.c_str();
  for (const std::string& host :
       {std::string("127.0.0.1"), std::string("10.1.2.3:8081"), std::string("[::1]:8081"),
        std::string("localhost"), std::string("LocalHost:8081"), std::string("localhost."), own,
        own + ":1", std::string("admin.example.com"), std::string("weir:8081"),
        std::string("inside.example.com:8081")}) {
    EXPECT_EQ(refusal(access, get(host), Guard::kOpen), "") << host;
  }
  for (const char* host : {"evil.example.com", "evil.example.com:8081", "localhost.example.com", "",
                           "127.0.0.1.example.com", "example.com", "[evil.example.com]"}) {
    EXPECT_EQ(refusal(access, get(host), Guard::kOpen), "host") << host;
  }
  EXPECT_EQ(refusal(access, Request{.method = "GET"}, Guard::kOpen), "");  // HTTP/1.0
}

TEST(Access, PagesOfOtherSitesChangeNothing) {
  const Access access(AccessRules{});
  const auto change = [&](const char* origin) {
    return refusal(access, put("localhost:8081", origin), Guard::kInternal);
  };
  EXPECT_EQ(change("http://localhost:8081"), "");
  for (const char* origin : {"http://localhost:3000", "http://localhost", "https://example.com",
                             "null", "", "localhost:8081", "file://localhost:8081"}) {
    EXPECT_EQ(change(origin), "origin") << origin;
  }
  // What no method is known of may change something.
  Request post = put("localhost:8081", "https://example.com");
  post.method = "POST";
  EXPECT_EQ(refusal(access, post, Guard::kOpen), "origin");
}

TEST(Access, WithoutATokenInternalsAreForThisMachine) {
  const Access access(AccessRules{});
  for (const Guard guard : {Guard::kShell, Guard::kInternal}) {
    EXPECT_EQ(refusal(access, get(), guard, true), "");
    EXPECT_EQ(refusal(access, get(), guard, false), "remote");
  }
  for (const Guard guard : {Guard::kOpen, Guard::kMetrics}) {
    EXPECT_EQ(refusal(access, get(), guard, false), "");
  }
}

TEST(Access, WithATokenInternalsNeedItEverywhere) {
  const Access access(AccessRules{.token = kToken});
  for (const bool is_local : {true, false}) {
    const auto internal = [&](const Request& request) {
      return refusal(access, request, Guard::kInternal, is_local);
    };
    EXPECT_EQ(internal(get()), "token");
    EXPECT_EQ(internal(with_token(get(), "Bearer " + kToken)), "");
    EXPECT_EQ(internal(with_token(get(), "bearer  " + kToken + " ")), "");
    for (const std::string& wrong :
         {std::string("Bearer"), std::string("Bearer "), kToken, "Basic " + kToken,
          "Bearer " + kToken + "x", "Bearer " + kToken.substr(1)}) {
      EXPECT_EQ(internal(with_token(get(), wrong)), "token") << wrong;
    }
    for (const Guard guard : {Guard::kOpen, Guard::kMetrics, Guard::kShell}) {
      EXPECT_EQ(refusal(access, get(), guard, is_local), "");
    }
  }
}

TEST(Access, MetricsCanBeClosed) {
  const Access closed(AccessRules{.token = kToken, .open_metrics = false});
  EXPECT_EQ(refusal(closed, get(), Guard::kMetrics), "token");
  EXPECT_EQ(refusal(closed, with_token(get(), "Bearer " + kToken), Guard::kMetrics, false), "");
  const Access local(AccessRules{.open_metrics = false});
  EXPECT_EQ(refusal(local, get(), Guard::kMetrics, true), "");
  EXPECT_EQ(refusal(local, get(), Guard::kMetrics, false), "remote");
}

}  // namespace
}  // namespace weir::admin
