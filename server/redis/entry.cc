// SPDX-License-Identifier: Apache-2.0
#include "server/redis/entry.h"

#include <utility>

namespace weir::redis {
namespace {

constexpr char kMark = 'W';
constexpr std::size_t kVersionAt = 1;
constexpr std::size_t kKindAt = 9;
constexpr std::size_t kHeaderBytes = 10;

}  // namespace

std::string encode(const Entry& entry) {
  std::string stored;
  stored.reserve(kHeaderBytes + entry.bytes.size());
  stored += kMark;
  for (int shift = 56; shift >= 0; shift -= 8) {
    stored += static_cast<char>(entry.version >> shift & 0xff);
  }
  stored += static_cast<char>(entry.kind);
  stored += entry.bytes;
  return stored;
}

std::optional<Entry> decode(std::string stored) {
  if (stored.size() < kHeaderBytes || stored[0] != kMark) return std::nullopt;
  const auto kind = static_cast<unsigned char>(stored[kKindAt]);
  if (kind > static_cast<unsigned char>(Entry::Kind::kAbsent)) return std::nullopt;
  std::uint64_t version = 0;
  for (std::size_t i = kVersionAt; i < kKindAt; ++i) {
    version = version << 8 | static_cast<unsigned char>(stored[i]);
  }
  stored.erase(0, kHeaderBytes);
  return Entry(static_cast<Entry::Kind>(kind), version, std::move(stored));
}

// Lua's numbers are doubles: a version is compared as two halves, then the kind. Lua's own order of
// strings is the locale's (strcoll), so bytes cannot be compared as they stand.
const absl::string_view kPutIfNewer = R"lua(
local function order(entry)
  return struct.unpack('>I4I4B', entry, 2)
end
local old = redis.call('GETRANGE', KEYS[1], 0, 9)
if #old == 10 and string.byte(old) == 87 then
  local old_high, old_low, old_kind = order(old)
  local high, low, kind = order(ARGV[1])
  if old_high > high then return 0 end
  if old_high == high then
    if old_low > low then return 0 end
    if old_low == low and old_kind >= kind then return 0 end
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
)lua";

}  // namespace weir::redis
