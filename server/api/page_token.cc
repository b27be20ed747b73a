// SPDX-License-Identifier: Apache-2.0
#include "server/api/page_token.h"

#include <openssl/crypto.h>

#include <cstddef>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace weir::api {
namespace {

constexpr std::size_t kPositionBytes = 8;
constexpr std::size_t kMacBytes = 16;
constexpr std::size_t kTokenCharacters = (kPositionBytes + kMacBytes) * 4 / 3;

std::string pack(std::int64_t position) {
  std::string bytes(kPositionBytes, '\0');
  auto rest = static_cast<std::uint64_t>(position);
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte, rest >>= 8) {
    *byte = static_cast<char>(rest & 0xFF);
  }
  return bytes;
}

std::int64_t unpack(absl::string_view bytes) {
  std::uint64_t position = 0;
  for (const char byte : bytes) position = position << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(position);
}

}  // namespace

std::string PageTokens::sign(absl::string_view list, absl::string_view position) const {
  // The position has a fixed size, so no two pairs make the same bytes.
  const KeyedHash::Digest digest = mac_.of(absl::StrCat(position, list));
  return std::string(reinterpret_cast<const char*>(digest.data()), kMacBytes);
}

std::string PageTokens::encode(absl::string_view list, std::int64_t position) const {
  const std::string packed = pack(position);
  return absl::WebSafeBase64Escape(absl::StrCat(packed, sign(list, packed)));
}

std::optional<std::int64_t> PageTokens::decode(absl::string_view list,
                                               absl::string_view token) const {
  std::string bytes;
  if (token.size() != kTokenCharacters || !absl::WebSafeBase64Unescape(token, &bytes) ||
      bytes.size() != kPositionBytes + kMacBytes) {
    return std::nullopt;
  }
  const absl::string_view packed = absl::string_view(bytes).substr(0, kPositionBytes);
  const std::string expected = sign(list, packed);
  if (CRYPTO_memcmp(bytes.data() + kPositionBytes, expected.data(), kMacBytes) != 0) {
    return std::nullopt;
  }
  return unpack(packed);
}

}  // namespace weir::api
