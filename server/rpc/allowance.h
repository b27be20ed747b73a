// SPDX-License-Identifier: Apache-2.0
#pragma once

// Allowance: how much a connection may cost the server with frames of one kind. What its calls earn
// stays with the connection, up to a bound; what it spends beyond that is drawn from its client's
// account, which all the client's connections share.
//
// On the hot path it is a count: the account, which has a lock, is asked seldom. Thread: one at a
// time.

#include <algorithm>
#include <cstdint>

#include "async/time.h"
#include "server/rpc/client_account.h"

namespace weir::rpc {

class Allowance {
 public:
  // It begins with `first`, and keeps `most` of what it earns.
  Allowance(Cost cost, std::int64_t first, std::int64_t most)
      : cost_(cost), most_(most), left_(first) {}

  void earn(std::int64_t units) { left_ = std::min(most_, left_ + units); }
  // False: neither the connection nor its client, who may be null, has as much.
  bool spend(std::int64_t units, ClientAccount* client, TimePoint now) {
    left_ -= units;
    if (left_ >= 0) return true;
    const std::int64_t drawn = kDraw - left_;
    if (client == nullptr || !client->draw(cost_, static_cast<std::size_t>(drawn), now)) {
      return false;
    }
    left_ += drawn;
    return true;
  }

 private:
  static constexpr std::int64_t kDraw = 64;  // at once, and what is needed

  const Cost cost_;
  const std::int64_t most_;
  std::int64_t left_;
};

}  // namespace weir::rpc
