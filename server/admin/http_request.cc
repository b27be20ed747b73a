// SPDX-License-Identifier: Apache-2.0
#include "server/admin/http_request.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"

namespace weir::admin {
namespace {

constexpr absl::string_view kLineEnd = "\r\n";
constexpr absl::string_view kHeadEnd = "\r\n\r\n";

bool is_token(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::StrContains("!#$%&'*+-.^_`|~", absl::string_view(&c, 1));
  });
}

bool is_printable(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\t' || !absl::ascii_iscntrl(static_cast<unsigned char>(c));
  });
}

}  // namespace

RequestReader::State RequestReader::wrong(int status, const char* reason) {
  status_ = status;
  reason_ = reason;
  return State::kWrong;
}

RequestReader::State RequestReader::add(absl::string_view bytes) {
  const std::size_t before = buffer_.size();
  buffer_.append(bytes.data(), std::min(bytes.size(), kMaxHead + kMaxBody - before));
  if (!has_head_) {
    const std::size_t end = buffer_.find(kHeadEnd.data(), before < 3 ? 0 : before - 3);
    if (end == std::string::npos || end > kMaxHead) {
      return buffer_.size() > kMaxHead ? wrong(431, "the head of the request is too long")
                                       : State::kIncomplete;
    }
    if (read_head(absl::string_view(buffer_).substr(0, end)) == State::kWrong) {
      return State::kWrong;
    }
    has_head_ = true;
    buffer_.erase(0, end + kHeadEnd.size());
  }
  if (buffer_.size() < content_length_.value_or(0)) return State::kIncomplete;
  request_.body = buffer_.substr(0, content_length_.value_or(0));
  return State::kComplete;
}

RequestReader::State RequestReader::read_head(absl::string_view head) {
  std::size_t end = std::min(head.find(kLineEnd), head.size());
  if (read_request_line(head.substr(0, end)) == State::kWrong) return State::kWrong;
  while (end < head.size()) {
    head.remove_prefix(end + kLineEnd.size());
    end = std::min(head.find(kLineEnd), head.size());
    if (read_field(head.substr(0, end)) == State::kWrong) return State::kWrong;
  }
  if (is_http_1_1_ && !request_.host) return wrong(400, "there is no Host");
  if (content_length_.value_or(0) > kMaxBody) return wrong(413, "the body is too long");
  return State::kIncomplete;
}

RequestReader::State RequestReader::read_request_line(absl::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == absl::string_view::npos || first == last) return wrong(400, "this is not HTTP");
  const absl::string_view method = line.substr(0, first);
  const absl::string_view target = line.substr(first + 1, last - first - 1);
  const absl::string_view version = line.substr(last + 1);
  if (!absl::StartsWith(version, "HTTP/")) return wrong(400, "this is not HTTP");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return wrong(505, "HTTP/1.1 is served");
  if (!is_token(method) || !absl::StartsWith(target, "/") || !is_printable(target)) {
    return wrong(400, "the first line of the request is wrong");
  }
  is_http_1_1_ = version == "HTTP/1.1";
  request_.method = std::string(method);
  request_.path = std::string(target.substr(0, target.find('?')));
  return State::kIncomplete;
}

RequestReader::State RequestReader::read_field(absl::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == absl::string_view::npos || !is_token(line.substr(0, colon)) || !is_printable(line)) {
    return wrong(400, "a header of the request is wrong");
  }
  const absl::string_view name = line.substr(0, colon);
  const absl::string_view value = absl::StripAsciiWhitespace(line.substr(colon + 1));
  const auto is = [&](absl::string_view other) { return absl::EqualsIgnoreCase(name, other); };
  if (is("Transfer-Encoding")) return wrong(501, "a body needs a Content-Length");
  if (is("Content-Length")) {
    std::uint64_t length = 0;
    const bool is_number = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
      return absl::ascii_isdigit(static_cast<unsigned char>(c));
    });
    if (content_length_ || !is_number) return wrong(400, "Content-Length is wrong");
    // What does not fit into the number does not fit here either.
    content_length_ = absl::SimpleAtoi(value, &length) ? length : kMaxBody + 1;
  }
  for (auto [known, target] :
       {std::pair<absl::string_view, std::optional<std::string>*>{"Host", &request_.host},
        {"Origin", &request_.origin},
        {"Authorization", &request_.authorization}}) {
    if (!is(known)) continue;
    if (*target) return wrong(400, "a header of the request is there twice");
    *target = std::string(value);
  }
  return State::kIncomplete;
}

}  // namespace weir::admin
