// SPDX-License-Identifier: Apache-2.0
// What is found in Redis, where somebody else may have written, and in Postgres.

#include <string>

#include "server/redis/entry.h"
#include "server/users/user_codec.h"
#include "tests/fuzz/fuzzer.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const absl::string_view bytes = fuzz::text_of(data, size);
  if (const auto entry = redis::decode(std::string(bytes))) {
    fuzz::must(redis::encode(*entry) == bytes);
  }
  if (const auto user = users::decode(bytes, 7)) {
    const auto again = users::decode(users::encode(*user), 7);
    fuzz::must(again.has_value() && again->name == user->name && again->email == user->email);
  }
  if (const auto user = users::decode_answer(bytes)) {
    const auto again = users::decode_answer(users::encode_answer(*user));
    fuzz::must(again.has_value() && again->version == user->version && again->id == user->id);
  }
  return 0;
}
