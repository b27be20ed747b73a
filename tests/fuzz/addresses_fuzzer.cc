// SPDX-License-Identifier: Apache-2.0
// URLs of Redis, and addresses that a client is given.

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/target.h"
#include "server/redis/options.h"
#include "tests/fuzz/fuzzer.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const absl::string_view text = fuzz::text_of(data, size);
  if (const auto address = redis::parse_url(text); address.ok()) {
    fuzz::must(address->port > 0 && address->port < 65536);
    fuzz::must(!address->host.empty() && address->database >= 0);
  }
  constexpr absl::string_view kPassword = "xyzzy-17";
  const auto secret = redis::parse_url(absl::StrCat("redis://:", kPassword, text));
  if (!secret.ok()) fuzz::must(!absl::StrContains(secret.status().message(), kPassword));
  if (const auto target = client::target_of(text); target.ok()) fuzz::must(!target->empty());
  return 0;
}
