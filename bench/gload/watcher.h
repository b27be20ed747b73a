// SPDX-License-Identifier: Apache-2.0
#pragma once

// Watcher: one WatchUsers call's answers, as they arrive in pieces: every event is looked at. Of
// each user the versions must follow on each other.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/gload/clock.h"

namespace weir::gload {

// What an event, or the answer to an UpdateUser, says of a user.
struct SeenUser {
  std::int64_t id = 0;
  std::uint64_t version = 0;
  Nanos changed_at = 0;  // the user's name, as the writer of this program chose it
};
// nullopt if it is not a User.
std::optional<SeenUser> read_user(std::string_view message);

class Watcher {
 public:
  // Users are 1 to `users`.
  explicit Watcher(std::size_t users) : versions_(users + 1) {}

  // Takes a piece of the stream; `on_event` is called with the time of each change. Returns what is
  // wrong, or "".
  std::string take(std::string_view piece, const std::function<void(Nanos changed_at)>& on_event);

  // The last version it has seen; 0: none.
  std::uint64_t version_of(std::size_t user) const { return versions_[user]; }
  std::uint64_t messages() const { return messages_; }

 private:
  std::string take_message(std::string_view message,
                           const std::function<void(Nanos changed_at)>& on_event);
  std::string take_user(std::string_view message,
                        const std::function<void(Nanos changed_at)>& on_event);

  std::vector<std::uint64_t> versions_;
  std::string pending_;  // the beginning of a frame
  std::uint64_t messages_ = 0;
};

}  // namespace weir::gload
