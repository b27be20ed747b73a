// SPDX-License-Identifier: Apache-2.0
#include "bench/gload/watcher.h"

#include <charconv>

#include "bench/gload/wire.h"

namespace weir::gload {
namespace {

constexpr std::size_t kFrameHeader = 5;

// Takes any field off the front of `in`. Of a varint `number` is set, of bytes `bytes`.
bool take_any(std::string_view& in, int& field, std::uint64_t& number, std::string_view& bytes) {
  std::uint64_t tag = 0;
  if (!wire::take_varint(in, tag) || !wire::take_varint(in, number)) return false;
  field = static_cast<int>(tag >> 3);
  if ((tag & 7) == wire::kVarint) return true;
  if ((tag & 7) != wire::kBytes || number > in.size()) return false;
  bytes = in.substr(0, number);
  in.remove_prefix(number);
  return true;
}

std::size_t frame_length(std::string_view frame) {
  std::size_t length = 0;
  for (std::size_t i = 1; i < kFrameHeader; ++i) {
    length = length << 8 | static_cast<std::uint8_t>(frame[i]);
  }
  return length + kFrameHeader;
}

}  // namespace

std::optional<SeenUser> read_user(std::string_view message) {
  SeenUser user;
  int field = 0;
  std::uint64_t number = 0;
  std::string_view bytes;
  while (!message.empty()) {
    if (!take_any(message, field, number, bytes)) return std::nullopt;
    if (field == 1) user.id = static_cast<std::int64_t>(number);
    if (field == 2) {
      std::from_chars(bytes.data(), bytes.data() + bytes.size(), user.changed_at);
    }
    if (field == 6 && bytes.size() > 2) {  // an etag: "7", quotation marks included
      std::from_chars(bytes.data() + 1, bytes.data() + bytes.size() - 1, user.version);
    }
  }
  return user.id > 0 && user.version > 0 ? std::optional(user) : std::nullopt;
}

std::string Watcher::take(std::string_view piece,
                          const std::function<void(Nanos changed_at)>& on_event) {
  std::string_view in = piece;
  if (!pending_.empty()) {
    pending_ += piece;
    in = pending_;
  }
  std::string fault;
  while (fault.empty() && in.size() >= kFrameHeader && in.size() >= frame_length(in)) {
    const std::size_t length = frame_length(in);
    fault = take_message(in.substr(kFrameHeader, length - kFrameHeader), on_event);
    in.remove_prefix(length);
  }
  pending_ = std::string(in);
  return fault;
}

std::string Watcher::take_message(std::string_view message,
                                  const std::function<void(Nanos changed_at)>& on_event) {
  ++messages_;
  int field = 0;
  std::uint64_t number = 0;
  std::string_view bytes;
  while (!message.empty()) {
    if (!take_any(message, field, number, bytes)) return "an event that cannot be read";
    std::string fault;
    if (field == 2) fault = take_user(bytes, on_event);
    if (field == 4) {
      --messages_;  // counted when it is taken
      fault = take_message(bytes, on_event);
    }
    if (!fault.empty()) return fault;
  }
  return "";
}

std::string Watcher::take_user(std::string_view message,
                               const std::function<void(Nanos changed_at)>& on_event) {
  const std::optional<SeenUser> user = read_user(message);
  if (!user) return "an event without a user";
  // Somebody else's: such as of the users that were added for the run, a moment before.
  if (user->id >= static_cast<std::int64_t>(versions_.size())) return "";
  std::uint64_t& last = versions_[static_cast<std::size_t>(user->id)];
  if (last != 0 && user->version != last + 1) {
    return "user " + std::to_string(user->id) + ": version " + std::to_string(user->version) +
           " after " + std::to_string(last);
  }
  last = user->version;
  on_event(user->changed_at);
  return "";
}

}  // namespace weir::gload
