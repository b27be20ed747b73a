// SPDX-License-Identifier: Apache-2.0
#pragma once

// Post: what a user has written. Knows neither the wire nor the database.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace weir::posts {

inline constexpr int kMaxTitleCharacters = 200;
// So that a page, and a dashboard, of the longest stays below the 4 MiB that a gRPC client takes.
inline constexpr std::size_t kMaxBodyBytes = 16 << 10;

struct Post {
  std::int64_t id = 0;  // a later post has a greater one
  std::int64_t user_id = 0;
  std::string title;
  std::string body;
  absl::Time create_time;

  bool operator==(const Post&) const = default;
};

// What CreatePost was asked for, already valid.
struct NewPost {
  std::int64_t user_id = 0;
  std::string title;
  std::string body;
};

}  // namespace weir::posts
