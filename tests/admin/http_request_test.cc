// SPDX-License-Identifier: Apache-2.0
#include "server/admin/http_request.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::admin {
namespace {

using State = RequestReader::State;

const std::string kPut =
    "PUT /log-level?because=x HTTP/1.1\r\nHost: here:8081\r\norigin:http://here:8081 \r\n"
    "Authorization: Bearer abc\r\nContent-Length: 5\r\n\r\ndebug";

void expect_put(const Request& request) {
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.path, "/log-level");
  EXPECT_EQ(request.host, "here:8081");
  EXPECT_EQ(request.origin, "http://here:8081");
  EXPECT_EQ(request.authorization, "Bearer abc");
  EXPECT_EQ(request.body, "debug");
}

TEST(RequestReader, ReadsARequestInOnePiece) {
  RequestReader reader;
  ASSERT_EQ(reader.add(kPut), State::kComplete);
  expect_put(reader.request());
}

TEST(RequestReader, ReadsARequestByteByByte) {
  RequestReader reader;
  for (std::size_t i = 0; i + 1 < kPut.size(); ++i) {
    ASSERT_EQ(reader.add(kPut.substr(i, 1)), State::kIncomplete) << i;
  }
  ASSERT_EQ(reader.add(kPut.substr(kPut.size() - 1)), State::kComplete);
  expect_put(reader.request());
}

TEST(RequestReader, IgnoresWhatComesAfterTheRequest) {
  RequestReader reader;
  ASSERT_EQ(reader.add(kPut + "GET / HTTP/1.1\r\n"), State::kComplete);
  expect_put(reader.request());
}

TEST(RequestReader, OldClientsNeedNoHost) {
  RequestReader reader;
  ASSERT_EQ(reader.add("GET / HTTP/1.0\r\n\r\n"), State::kComplete);
  EXPECT_FALSE(reader.request().host);
}

TEST(RequestReader, SaysWhatIsWrong) {
  const std::string first = "GET / HTTP/1.1\r\nHost: a\r\n";
  const std::pair<std::string, int> wrong[] = {
      {"GET / HTTP/1.1\r\n\r\n", 400},                           // no Host
      {"\x16\x03\x01 hello \r\n\r\n", 400},                      // TLS, or so
      {"PRI * HTTP/2.0\r\n\r\n", 505},                           //
      {"GET http://a/ HTTP/1.1\r\n\r\n", 400},                   // for a proxy
      {"GET / x HTTP/1.1\r\n\r\n" + std::string("\0", 1), 400},  // no Host either
      {first + "no colon\r\n\r\n", 400},                         //
      {first + "Na me: x\r\n\r\n", 400},                         //
      {first + " folded: x\r\n\r\n", 400},                       //
      {first + "Host: b\r\n\r\n", 400},                          // which?
      {first + "A: \x01\r\n\r\n", 400},                          //
      {first + "Content-Length: -1\r\n\r\n", 400},               //
      {first + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
      {first + "Content-Length: 1025\r\n\r\n", 413},
      {first + "Content-Length: 99999999999999999999999\r\n\r\n", 413},
      {first + "Transfer-Encoding: chunked\r\n\r\n", 501},
  };
  for (const auto& [text, status] : wrong) {
    RequestReader reader;
    ASSERT_EQ(reader.add(text), State::kWrong) << text;
    EXPECT_EQ(reader.status(), status) << text;
    EXPECT_STRNE(reader.reason(), "");
  }
}

TEST(RequestReader, AHeadThatDoesNotEndIsTooLong) {
  RequestReader reader;
  ASSERT_EQ(reader.add("GET / HTTP/1.1\r\nHost: a\r\nA: "), State::kIncomplete);
  const std::string piece(1000, 'a');
  int pieces = 0;
  State state = State::kIncomplete;
  while (state == State::kIncomplete && pieces < 100) state = reader.add(piece), ++pieces;
  EXPECT_EQ(state, State::kWrong);
  EXPECT_EQ(reader.status(), 431);
  EXPECT_LE(pieces, 10);
}

TEST(RequestReader, ALongHeadInOnePieceIsTooLong) {
  RequestReader reader;
  const std::string text =
      "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(20'000, 'a') + "\r\n\r\n";
  EXPECT_EQ(reader.add(text), State::kWrong);
  EXPECT_EQ(reader.status(), 431);
}

}  // namespace
}  // namespace weir::admin
