// SPDX-License-Identifier: Apache-2.0
#pragma once

// HeldClient: a client whose I/O thread stands still from its first connection until it is let go,
// so that a test decides what it finds in its inbox.

#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>

#include "server/redis/client.h"

namespace weir::redis {

class HeldClient {
 public:
  explicit HeldClient(Options options, std::string held_at = "connected")
      : held_at_(std::move(held_at)), client_(hold(std::move(options))) {}
  ~HeldClient() { let_go(); }

  Client& operator*() { return client_; }
  Client* operator->() { return &client_; }

  void wait_until_held() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_held_; });
  }
  void let_go() {
    std::lock_guard lock(mutex_);
    may_go_ = true;
    changed_.notify_all();
  }

 private:
  Options hold(Options options) {
    options.log = [this](log::Level, std::string_view message, log::Fields) {
      if (message != held_at_) return;
      std::unique_lock lock(mutex_);
      is_held_ = true;
      changed_.notify_all();
      changed_.wait(lock, [&] { return may_go_; });
    };
    return options;
  }

  const std::string held_at_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_held_ = false;
  bool may_go_ = false;
  Client client_;
};

}  // namespace weir::redis
