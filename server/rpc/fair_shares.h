// SPDX-License-Identifier: Apache-2.0
#pragma once

// FairShares: who, of the clients that compete, has had more than the others. It counts what each
// was given while there was not enough for all, in all methods and loops together, and forgets half
// of it with every 64, or after a while: what takes long is given seldom, and has to be remembered
// for longer.
//
// A client's count is its account's (client_account.h); only the sums are here. Thread: any.

#include <cstdint>
#include <mutex>

#include "async/time.h"

namespace weir::rpc {

class FairShares {
 public:
  // One client's.
  class Share {
    friend FairShares;
    std::uint32_t now_ = 0;     // given in this period
    std::uint32_t before_ = 0;  // in the one before it, which counts half
    std::uint64_t period_ = 0;
  };

  void charge(Share& share, TimePoint now) {
    const std::lock_guard lock(mutex_);
    if (given_now_ >= kMany || now >= next_) begin_period(now);
    bring_up_to_date(share);
    if (share.now_ == 0) {
      ++clients_now_;
      if (share.before_ == 0) ++clients_;
    }
    ++share.now_;
    ++given_now_;
  }

  // It has had a quarter more than each would have if all had the same.
  bool is_over(const Share& share) const {
    const std::lock_guard lock(mutex_);
    const std::uint64_t given = given_to(share);
    return given > kFew && given * clients_ * 4 > (2 * given_now_ + given_before_) * 5;
  }
  // The same against one other, who asks now.
  bool has_had_more(const Share& share, const Share& other) const {
    const std::lock_guard lock(mutex_);
    return given_to(share) * 4 > given_to(other) * 5 + 4 * kFew;
  }

 private:
  static constexpr std::uint64_t kMany = 64;  // in one period
  static constexpr Duration kWhile = std::chrono::seconds(10);
  static constexpr std::uint64_t kFew = 4;  // twice, as all of these

  // In halves.
  std::uint64_t given_to(const Share& share) const {
    if (share.period_ == period_) return 2 * std::uint64_t{share.now_} + share.before_;
    return share.period_ + 1 == period_ ? share.now_ : 0;
  }
  void bring_up_to_date(Share& share) const {
    if (share.period_ == period_) return;
    share.before_ = share.period_ + 1 == period_ ? share.now_ : 0;
    share.now_ = 0;
    share.period_ = period_;
  }
  void begin_period(TimePoint now) {
    const bool is_long_ago = now >= next_ + kWhile;
    period_ += is_long_ago ? 2 : 1;  // the one between had nothing
    given_before_ = is_long_ago ? 0 : given_now_;
    clients_ = is_long_ago ? 0 : clients_now_;
    given_now_ = clients_now_ = 0;
    next_ = now + kWhile;
  }

  mutable std::mutex mutex_;
  std::uint64_t period_ = 2;  // a new share's is long ago
  std::uint64_t given_now_ = 0;
  std::uint64_t given_before_ = 0;
  std::uint64_t clients_now_ = 0;
  std::uint64_t clients_ = 0;  // in either period
  TimePoint next_{};
};

}  // namespace weir::rpc
