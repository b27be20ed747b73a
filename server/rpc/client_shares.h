// SPDX-License-Identifier: Apache-2.0
#pragma once

// ClientShares: who, of those that compete for a method, has had more of it than its share.
//
// It counts what each client was given while there were not places for all, and forgets half of it
// every tenth of a second. Clients are known by a hash, 64 of them apart: two that share a number
// share a share. Thread: the loop's own.

#include <array>
#include <cstddef>
#include <cstdint>

#include "async/time.h"

namespace weir::rpc {

class ClientShares {
 public:
  void charge(std::uint64_t client, TimePoint now) {
    if (now >= next_) forget(now);
    std::uint32_t& given = given_[client % given_.size()];
    if (given == 0) ++clients_;
    ++given;
    ++total_;
  }

  // Whether it has had a quarter more than each would have if all had the same.
  bool is_over(std::uint64_t client) const {
    const std::uint64_t given = given_[client % given_.size()];
    return given > kFew && given * clients_ * 4 > total_ * 5;
  }

 private:
  static constexpr Duration kHalfLife = std::chrono::milliseconds(100);
  static constexpr std::uint64_t kFew = 2;

  void forget(TimePoint now) {
    const std::int64_t lives = next_ == TimePoint{} ? 1 : 1 + (now - next_) / kHalfLife;
    total_ = clients_ = 0;
    for (std::uint32_t& given : given_) {
      given = lives > 31 ? 0 : given >> lives;
      total_ += given;
      clients_ += given != 0;
    }
    next_ = now + kHalfLife;
  }

  std::array<std::uint32_t, 64> given_{};
  std::uint64_t total_ = 0;
  std::uint64_t clients_ = 0;
  TimePoint next_{};
};

}  // namespace weir::rpc
