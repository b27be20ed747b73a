// SPDX-License-Identifier: Apache-2.0
#pragma once

// ClientShares: who, of those that compete for a method, has had more of it than its share.
//
// It counts what each client was given while there were not places for all, and forgets half of it
// with every 64, or after a while: what takes long is given seldom, and has to be remembered for
// longer. Clients are known by a hash, 64 of them apart: two that share a number share a share.
// Thread: the loop's own.

#include <array>
#include <cstddef>
#include <cstdint>

#include "async/time.h"

namespace weir::rpc {

class ClientShares {
 public:
  void charge(std::uint64_t client, TimePoint now) {
    if (total_ >= kMany || now >= next_) forget(now);
    std::uint32_t& given = given_[slot(client)];
    if (given == 0) ++clients_;
    ++given;
    ++total_;
  }

  // Whether it has had a quarter more than each would have if all had the same, who asks among
  // them.
  bool is_over(std::uint64_t client, std::uint64_t who_asks) const {
    const std::uint64_t given = given_[slot(client)];
    const std::uint64_t clients = clients_ + (given_[slot(who_asks)] == 0 ? 1 : 0);
    return given > kFew && given * clients * 4 > total_ * 5;
  }

 private:
  static constexpr std::uint64_t kMany = 128;  // of which half is forgotten
  static constexpr Duration kWhile = std::chrono::seconds(10);
  static constexpr std::uint64_t kFew = 2;

  std::size_t slot(std::uint64_t client) const { return client % given_.size(); }

  void forget(TimePoint now) {
    const bool is_long_ago = now >= next_ + kWhile;
    total_ = clients_ = 0;
    for (std::uint32_t& given : given_) {
      given = is_long_ago ? 0 : given / 2;
      total_ += given;
      clients_ += given != 0;
    }
    next_ = now + kWhile;
  }

  std::array<std::uint32_t, 64> given_{};
  std::uint64_t total_ = 0;
  std::uint64_t clients_ = 0;
  TimePoint next_{};
};

}  // namespace weir::rpc
