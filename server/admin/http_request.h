// SPDX-License-Identifier: Apache-2.0
#pragma once

// RequestReader: one HTTP/1.1 request out of the pieces in which it arrives. It keeps no more than
// kMaxHead and kMaxBody bytes.
//
// What an operator, a probe and a scraper send, and nothing else: no chunks, no continuation lines,
// no second request on the connection.

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace weir::admin {

struct Request {
  std::string method = {};
  std::string path = {};  // without the query
  std::optional<std::string> host = {};
  std::optional<std::string> origin = {};
  std::optional<std::string> authorization = {};
  std::string body = {};
};

class RequestReader {
 public:
  static constexpr std::size_t kMaxHead = 8 << 10;
  static constexpr std::size_t kMaxBody = 1 << 10;

  enum class State { kIncomplete, kComplete, kWrong };

  // The next bytes. Not after it was complete or wrong.
  State add(absl::string_view bytes);

  // Complete.
  const Request& request() const { return request_; }
  // Wrong: the status to answer with, and why.
  int status() const { return status_; }
  const char* reason() const { return reason_; }

 private:
  State wrong(int status, const char* reason);
  State read_head(absl::string_view head);
  State read_request_line(absl::string_view line);
  State read_field(absl::string_view line);

  std::string buffer_;
  bool has_head_ = false;
  bool is_http_1_1_ = false;
  std::optional<std::size_t> content_length_;
  Request request_;
  int status_ = 0;
  const char* reason_ = "";
};

}  // namespace weir::admin
