// SPDX-License-Identifier: Apache-2.0
#include "server/redis/resp.h"

#include <charconv>

namespace weir::redis {

void Request::encode(absl::Span<const absl::string_view> words) {
  std::size_t size = 16;
  for (const absl::string_view word : words) size += word.size() + 16;
  bytes_.clear();
  if (size > kInlineBytes) bytes_.reserve(size);
  append_header('*', words.size());
  for (const absl::string_view word : words) {
    append_header('$', word.size());
    append(word);
    append("\r\n");
  }
}

absl::string_view Request::name() const {
  absl::string_view rest = bytes();
  rest.remove_prefix(rest.find('$'));
  rest.remove_prefix(rest.find('\n') + 1);
  return rest.substr(0, rest.find('\r'));
}

void Request::append(absl::string_view bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void Request::append_header(char type, std::size_t number) {
  char header[24];
  header[0] = type;
  char* end = std::to_chars(header + 1, header + sizeof(header) - 2, number).ptr;
  *end++ = '\r';
  *end++ = '\n';
  append({header, static_cast<std::size_t>(end - header)});
}

}  // namespace weir::redis
