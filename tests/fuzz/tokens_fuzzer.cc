// SPDX-License-Identifier: Apache-2.0
// Page tokens and etags: what is taken for one is exactly one that was given out.

#include "server/api/page_token.h"
#include "server/users/etag.h"
#include "tests/fuzz/fuzzer.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  static const api::PageTokens tokens("a secret of the fuzzer");
  const absl::string_view text = fuzz::text_of(data, size);
  if (const auto position = tokens.decode("users", text)) {
    fuzz::must(tokens.encode("users", *position) == text);
  }
  if (const std::int64_t version = users::version_of(text); version != 0) {
    fuzz::must(users::etag_of(version) == text);
  }
  // And one of a list and a position that the input names.
  std::int64_t position = 0;
  for (const char byte : text.substr(0, sizeof(position))) position = position << 7 ^ byte;
  const std::string token = tokens.encode(text, position);
  fuzz::must(tokens.decode(text, token) == position);
  fuzz::must(!tokens.decode("users", token).has_value() || text == "users");
  return 0;
}
