// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/client_rates.h"

#include <chrono>

namespace weir::rpc {
namespace {

constexpr Duration kForgetInterval = std::chrono::milliseconds(100);

}  // namespace

bool ClientRates::take(const std::string& client, TimePoint now) {
  const absl::MutexLock lock(&mutex_);
  auto found = buckets_.find(client);
  if (found == buckets_.end()) {
    if (buckets_.size() >= kMostClients) forget_idle(now);
    if (buckets_.size() >= kMostClients) return true;
    auto bucket =
        std::make_unique<RateLimiter>(options_.per_second, std::chrono::seconds(1), options_.burst);
    found = buckets_.emplace(client, std::move(bucket)).first;
  }
  return found->second->try_acquire(now);
}

void ClientRates::forget_idle(TimePoint now) {
  // Not for each call of a crowd.
  if (now < next_forget_) return;
  next_forget_ = now + kForgetInterval;
  absl::erase_if(buckets_,
                 [&](const auto& entry) { return entry.second->available(now) == options_.burst; });
}

std::size_t ClientRates::clients() const {
  const absl::MutexLock lock(&mutex_);
  return buckets_.size();
}

}  // namespace weir::rpc
