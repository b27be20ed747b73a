// SPDX-License-Identifier: Apache-2.0
#include "server/admin/admin_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <latch>
#include <string>
#include <thread>

#include "tests/admin/http_client.h"

namespace weir::admin {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using test::HttpClient;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Takes = AdminServer::Takes;

constexpr const char* kGet = "GET /there HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr const char* kHalf = "GET /there HTTP/1.1\r\nHost: lo";

bool has_ipv6() {
  const sockaddr_in6 any_port = test::loopback_ipv6(0);
  const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool binds =
      fd >= 0 && bind(fd, reinterpret_cast<const sockaddr*>(&any_port), sizeof(any_port)) == 0;
  close(fd);
  return binds;
}

class AdminServerTest : public testing::Test {
 protected:
  // Times are over only if a test says so.
  explicit AdminServerTest(HttpLimits limits = {.request = hours(1), .answer = hours(1)})
      : server_(AccessRules{}, limits) {
    server_.add("/there", Guard::kOpen, Takes::kNothing, [] { return Page{.body = "it is"}; });
    server_.add("/big", Guard::kOpen, Takes::kAMoment,
                [] { return Page{.body = std::string(kBig, 'x')}; });
    server_.add(
        "/level", Guard::kInternal, Takes::kNothing, [this] { return Page{.body = level_}; },
        [this](const std::string& body) {
          level_ = body;
          return Page{.body = body};
        });
  }

  void start() { ASSERT_TRUE(server_.start("127.0.0.1:0").ok()); }
  std::string ask(std::string_view text) { return HttpClient(server_.address()).ask(text); }
  std::uint64_t refused(Refusal why) const { return server_.refused().of(why); }
  // The counts are another thread's.
  void wait_until_refused(Refusal why, std::uint64_t count) const {
    const TimePoint limit = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (refused(why) < count && std::chrono::steady_clock::now() < limit) {
      std::this_thread::yield();
    }
    EXPECT_EQ(refused(why), count);
  }

  static constexpr std::size_t kBig = 8 << 20;  // no kernel's buffers have room for it
  std::string level_ = "info";
  AdminServer server_;
};

// As gRPC has it. A cluster whose pods have IPv4 addresses probes those.
TEST_F(AdminServerTest, AllAddressesAreThoseOfBothProtocols) {
  ASSERT_TRUE(server_.start("[::]:0").ok());
  EXPECT_TRUE(server_.address().starts_with("[::]:")) << server_.address();
  const std::uint16_t port = test::port_of(server_.address());
  EXPECT_THAT(HttpClient(test::loopback_ipv4(port)).ask(kGet), HasSubstr("it is"));
  if (has_ipv6()) {
    EXPECT_THAT(HttpClient(test::loopback_ipv6(port)).ask(kGet), HasSubstr("it is"));
  }
}

TEST_F(AdminServerTest, NoHostIsAllAddressesToo) {
  ASSERT_TRUE(server_.start(":0").ok());
  const std::uint16_t port = test::port_of(server_.address());
  EXPECT_THAT(HttpClient(test::loopback_ipv4(port)).ask(kGet), HasSubstr("it is"));
  if (has_ipv6()) {
    EXPECT_THAT(HttpClient(test::loopback_ipv6(port)).ask(kGet), HasSubstr("it is"));
  }
}

TEST_F(AdminServerTest, OneAddressIsThatAddress) {
  start();
  const std::uint16_t port = test::port_of(server_.address());
  EXPECT_THAT(HttpClient(test::loopback_ipv4(port)).ask(kGet), HasSubstr("it is"));
  EXPECT_FALSE(HttpClient(test::loopback_ipv6(port)).is_connected());
}

TEST_F(AdminServerTest, APortThatIsTakenIsAnErrorThatSaysSo) {
  start();
  AdminServer second;
  const absl::Status status = second.start(server_.address());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("Address already in use"));
}

TEST_F(AdminServerTest, WhatIsNoAddressIsAnError) {
  for (const char* wrong : {"[::1:8081", "::1]:8081", "::1:8081", "8081",
                            "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:http"}) {
    AdminServer server;
    EXPECT_EQ(server.start(wrong).code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
}

TEST_F(AdminServerTest, ServesPagesAndChangesThem) {
  start();
  EXPECT_THAT(ask(kGet), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(ask("GET /there?x=1 HTTP/1.0\r\n\r\n").ends_with("\r\n\r\nit is"));
  EXPECT_TRUE(ask("HEAD /there HTTP/1.0\r\n\r\n").ends_with("\r\n\r\n"));
  EXPECT_THAT(ask("HEAD /there HTTP/1.0\r\n\r\n"), HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(ask("GET /there/ HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask("PUT /level HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\ndebug"),
              HasSubstr("\r\n\r\ndebug"));
  EXPECT_TRUE(ask("GET /level HTTP/1.0\r\n\r\n").ends_with("debug"));
  EXPECT_EQ(HttpClient(server_.address()).ask("GET /big HTTP/1.0\r\n\r\n").size() / kBig, 1U);
}

TEST_F(AdminServerTest, NoOtherMethodsAndNoPermissionForOtherSites) {
  start();
  for (const char* request : {"POST /level HTTP/1.1\r\nHost: localhost\r\n",
                              "OPTIONS /level HTTP/1.1\r\nHost: localhost\r\n",
                              "DELETE /there HTTP/1.1\r\nHost: localhost\r\n",
                              "PUT /there HTTP/1.1\r\nHost: localhost\r\n"}) {
    const std::string answer = ask(std::string(request) + "\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 ")) << request;
    EXPECT_THAT(answer, HasSubstr("\r\nAllow: GET, HEAD")) << request;
  }
  EXPECT_EQ(refused(Refusal::kMethod), 4U);
  // A browser asks first whether a page of another site may PUT, and then it would.
  const std::string origin = "Host: localhost\r\nOrigin: https://example.com\r\n";
  for (const std::string& request :
       {"OPTIONS /level HTTP/1.1\r\n" + origin + "Access-Control-Request-Method: PUT\r\n\r\n",
        "PUT /level HTTP/1.1\r\n" + origin + "Content-Length: 5\r\n\r\ndebug"}) {
    const std::string answer = ask(request);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 403 "));
    EXPECT_THAT(answer, Not(HasSubstr("Access-Control")));
  }
  EXPECT_EQ(refused(Refusal::kOrigin), 2U);
  EXPECT_EQ(level_, "info");
  EXPECT_THAT(ask("GET /there HTTP/1.1\r\n" + origin + "\r\n"), Not(HasSubstr("Access-Control")));
}

TEST_F(AdminServerTest, AnotherNameIsRefused) {
  start();
  EXPECT_THAT(ask("GET /there HTTP/1.1\r\nHost: example.com\r\n\r\n"), StartsWith("HTTP/1.1 403 "));
  EXPECT_EQ(refused(Refusal::kHost), 1U);
}

TEST_F(AdminServerTest, WhoSendsTooMuchIsToldSo) {
  start();
  const std::string body(100'000, 'x');
  EXPECT_THAT(ask("PUT /level HTTP/1.0\r\nContent-Length: 100000\r\n\r\n" + body),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(ask("GET /there HTTP/1.0\r\nX: " + body + "\r\n\r\n"), StartsWith("HTTP/1.1 431 "));
  EXPECT_EQ(refused(Refusal::kTooLarge), 2U);
  EXPECT_THAT(ask("hello\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_EQ(refused(Refusal::kMalformed), 1U);
}

TEST_F(AdminServerTest, WhoDoesNotStopSendingIsNotListenedTo) {
  start();
  const HttpClient client(server_.address());
  client.say(kGet);
  const std::string more(1 << 20, 'x');
  // Times are not over here, so it is the bytes that end it.
  while (client.say(more)) {
  }
}

// Also more of them than there is room for.
TEST_F(AdminServerTest, HalfRequestsDoNotHoldTheOthersUp) {
  start();
  std::deque<HttpClient> half;
  const std::size_t room = HttpLimits().connections;
  for (std::size_t i = 0; i < room - 1; ++i) half.emplace_back(server_.address()).say(kHalf);
  EXPECT_TRUE(ask(kGet).ends_with("it is"));
  EXPECT_EQ(refused(Refusal::kCrowded), 0U);
  for (std::size_t i = 0; i < room; ++i) {
    half.emplace_back(server_.address()).say(kHalf);
    EXPECT_TRUE(ask(kGet).ends_with("it is"));
  }
  EXPECT_GT(refused(Refusal::kCrowded), 0U);
  // The last of them was not forgotten.
  EXPECT_TRUE(half.back().ask("calhost\r\n\r\n").ends_with("it is"));
}

TEST_F(AdminServerTest, ReadersThatReadNothingDoNotHoldTheOthersUp) {
  start();
  std::deque<HttpClient> slow;
  // More than may be unread: the first must leave.
  const std::size_t fit = HttpLimits().unread_bytes / kBig;
  for (std::size_t i = 0; i < 2 * fit; ++i) {
    slow.emplace_back(server_.address()).say("GET /big HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(ask(kGet).ends_with("it is"));
  }
  wait_until_refused(Refusal::kCrowded, fit);
  EXPECT_LT(slow.front().hear().size(), kBig);
  EXPECT_GT(slow.back().hear().size(), kBig);
}

// A page that waits for what is stuck.
TEST_F(AdminServerTest, APageThatTakesLongHoldsNobodyUpAndIsMadeOnceForAllWhoWait) {
  std::latch begun(1);
  std::latch go_on(1);
  std::atomic<int> made = 0;
  server_.add("/stuck", Guard::kOpen, Takes::kLong, [&] {
    if (++made == 1) {
      begun.count_down();
      go_on.wait();
    }
    return Page{.body = "made"};
  });
  start();
  const std::string stuck = "GET /stuck HTTP/1.0\r\n\r\n";
  const HttpClient first(server_.address());
  first.say(stuck);
  begun.wait();
  std::deque<HttpClient> others;
  for (int i = 0; i < 50; ++i) others.emplace_back(server_.address()).say(stuck);
  // The server has taken all of them when it answers one that came after them.
  EXPECT_TRUE(ask(kGet).ends_with("it is"));
  EXPECT_GT(ask("GET /big HTTP/1.0\r\n\r\n").size(), kBig);
  go_on.count_down();
  EXPECT_TRUE(first.hear().ends_with("made"));
  for (const HttpClient& other : others) EXPECT_TRUE(other.hear().ends_with("made"));
  EXPECT_EQ(made, 2);
}

TEST_F(AdminServerTest, APageThatThrowsIsAnError) {
  server_.add("/throws", Guard::kOpen, Takes::kLong,
              []() -> Page { throw std::runtime_error("no"); });
  start();
  EXPECT_THAT(ask("GET /throws HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
}

class LimitedTest : public AdminServerTest {
 protected:
  LimitedTest() : AdminServerTest({.request = milliseconds(20), .answer = milliseconds(20)}) {}
};

TEST_F(LimitedTest, HalfRequestsEndWithTheirTime) {
  start();
  const HttpClient half(server_.address());
  EXPECT_EQ(half.ask(kHalf), "");
  const HttpClient silent(server_.address());
  EXPECT_EQ(silent.hear(), "");
  wait_until_refused(Refusal::kSlow, 2);
}

TEST_F(LimitedTest, AnswersThatAreNotReadEndWithTheirTime) {
  start();
  const HttpClient slow(server_.address());
  slow.say("GET /big HTTP/1.0\r\n\r\n");
  wait_until_refused(Refusal::kSlow, 1);
  EXPECT_LT(slow.hear().size(), kBig);
}

TEST(AdminServerWithAToken, InternalsNeedIt) {
  AdminServer server(AccessRules{.token = "0123456789abcdef"});
  server.add("/tasks", Guard::kInternal, Takes::kLong, [] { return Page{.body = "calls"}; });
  server.add("/livez", Guard::kOpen, Takes::kNothing, [] { return Page{.body = "ok"}; });
  ASSERT_TRUE(server.start("127.0.0.1:0").ok());
  const auto ask = [&](std::string_view text) { return HttpClient(server.address()).ask(text); };
  EXPECT_THAT(ask("GET /livez HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  const std::string refused = ask("GET /tasks HTTP/1.0\r\n\r\n");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(refused, HasSubstr("\r\nWWW-Authenticate: Bearer\r\n"));
  EXPECT_EQ(server.refused().of(Refusal::kToken), 1U);
  EXPECT_TRUE(ask("GET /tasks HTTP/1.0\r\nAuthorization: Bearer 0123456789abcdef\r\n\r\n")
                  .ends_with("calls"));
}

}  // namespace
}  // namespace weir::admin
