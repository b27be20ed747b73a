// SPDX-License-Identifier: Apache-2.0
#include "server/users/user_codec.h"

#include <bit>
#include <cstring>
#include <type_traits>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace weir::users {
namespace {

struct Header {
  std::int64_t id;
  std::int64_t create_micros;
  std::int64_t update_micros;
  std::uint64_t name_bytes;
};
static_assert(std::is_trivially_copyable_v<Header> && sizeof(Header) == 32);
static_assert(std::endian::native == std::endian::little,
              "the header is stored as it is in memory");

}  // namespace

std::string encode(const User& user) {
  const Header header{user.id, absl::ToUnixMicros(user.create_time),
                      absl::ToUnixMicros(user.update_time), user.name.size()};
  std::string bytes;
  bytes.reserve(sizeof header + user.name.size() + user.email.size());
  bytes.append(reinterpret_cast<const char*>(&header), sizeof header);
  bytes.append(user.name);
  bytes.append(user.email);
  return bytes;
}

std::optional<User> decode(absl::string_view bytes, std::int64_t version) {
  Header header;
  if (bytes.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  bytes.remove_prefix(sizeof header);
  if (header.name_bytes > bytes.size()) return std::nullopt;
  User user;
  user.id = header.id;
  user.name = std::string(bytes.substr(0, header.name_bytes));
  user.email = std::string(bytes.substr(header.name_bytes));
  user.create_time = absl::FromUnixMicros(header.create_micros);
  user.update_time = absl::FromUnixMicros(header.update_micros);
  user.version = version;
  return user;
}

std::string encode_answer(const User& user) {
  return absl::StrCat(kFormat, " ", user.version, " ", encode(user));
}

std::optional<User> decode_answer(absl::string_view bytes) {
  const std::vector<absl::string_view> parts = absl::StrSplit(bytes, absl::MaxSplits(' ', 2));
  std::int64_t version = 0;
  if (parts.size() != 3 || parts[0] != kFormat || !absl::SimpleAtoi(parts[1], &version)) {
    return std::nullopt;
  }
  return decode(parts[2], version);
}

}  // namespace weir::users
