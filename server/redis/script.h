// SPDX-License-Identifier: Apache-2.0
#pragma once

// Script: a Lua script that Redis runs atomically, sent in full once and by its digest after that.
//
// Thread: any. Make it once and keep it as long as its users: it remembers the digest.

#include <mutex>
#include <string>

#include "absl/strings/string_view.h"

namespace weir::redis {

class Script {
 public:
  explicit Script(absl::string_view lua) : lua_(lua) {}

  absl::string_view lua() const { return lua_; }

  // The SHA1 that Redis told us when it loaded the script; empty before.
  std::string digest() const {
    std::lock_guard lock(mutex_);
    return digest_;
  }
  void set_digest(std::string digest) {
    std::lock_guard lock(mutex_);
    digest_ = std::move(digest);
  }

 private:
  const std::string lua_;
  mutable std::mutex mutex_;
  std::string digest_;
};

}  // namespace weir::redis
