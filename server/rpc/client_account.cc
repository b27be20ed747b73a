// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/client_account.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace weir::rpc {

namespace {

// Those of so many seconds may come at once.
RateLimiter costs(std::size_t per_second, std::size_t seconds) {
  return RateLimiter(per_second, std::chrono::seconds(1), seconds * per_second);
}

}  // namespace

ClientAccount::ClientAccount(std::string name, const ClientLimits& limits,
                             std::shared_ptr<FairShares> shares)
    : name_(std::move(name)),
      limits_(limits),
      costs_{costs(limits.connections_per_second, 10), costs(limits.resets_per_second, 2),
             costs(limits.control_frames_per_second, 10), costs(limits.crumbs_per_second, 10),
             costs(std::max<std::size_t>(limits.inflated_bytes_per_second / 1024, 1), 4)},
      shares_(std::move(shares)) {
  if (limits.calls_per_second != 0) {
    rate_.emplace(limits.calls_per_second, std::chrono::seconds(1), limits.burst);
  }
}

bool ClientAccount::is_as_new(TimePoint now) const {
  if (rate_ && !rate_->is_full(now)) return false;
  return std::all_of(costs_.begin(), costs_.end(),
                     [&](const RateLimiter& cost) { return cost.is_full(now); });
}

bool ClientAccount::enter(std::atomic<std::size_t>& count, std::size_t most) {
  if (count.fetch_add(1, std::memory_order_relaxed) < most) return true;
  count.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

ClientAccount::ConnectionPlace ClientAccount::connect(std::shared_ptr<ClientAccount> account) {
  if (!enter(account->connections_, account->limits_.connections)) return ConnectionPlace();
  return ConnectionPlace(std::move(account));
}

ClientAccount::CallPlace ClientAccount::call(std::shared_ptr<ClientAccount> account) {
  if (!enter(account->calls_, account->limits_.calls)) return CallPlace();
  return CallPlace(std::move(account));
}

std::shared_ptr<ClientAccount> ClientAccounts::of(absl::string_view client) {
  const absl::MutexLock lock(&mutex_);
  if (const auto found = accounts_.find(client); found != accounts_.end()) return found->second;
  if (accounts_.size() >= forget_at_) forget_idle(std::chrono::steady_clock::now());
  auto account = std::make_shared<ClientAccount>(std::string(client), limits_, shares_);
  accounts_.emplace(client, account);
  return account;
}

// Seldom enough to cost each new client next to nothing.
void ClientAccounts::forget_idle(TimePoint now) {
  const bool any = accounts_.size() >= kMostIdle;
  absl::erase_if(accounts_, [&](const auto& entry) {
    return entry.second.use_count() == 1 && (any || entry.second->is_as_new(now));
  });
  forget_at_ = 2 * accounts_.size() + 64;
}

std::size_t ClientAccounts::size() const {
  const absl::MutexLock lock(&mutex_);
  return accounts_.size();
}

}  // namespace weir::rpc
