// SPDX-License-Identifier: Apache-2.0
#pragma once

// ClientAccounts: what each client has of this server: connections, calls in progress, bytes held
// for it, calls a second, frames that are no calls, and its share of what others wait for. It
// stands before every other limit, so that no one client can take what all the others need. Tokio:
// tower_governor, and what nginx calls limit_conn.
//
// A client is the identity in its certificate, else its address without the port, of IPv6 the /64.
// Trap: without mutual TLS all behind one proxy are one client. Thread: any.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "async/rate_limiter.h"
#include "async/time.h"
#include "server/rpc/fair_shares.h"

namespace weir::rpc {

struct ClientLimits {
  std::size_t connections = 2000;
  std::size_t calls = 10'000;        // in progress, health and reflection among them
  std::size_t bytes = 64 << 20;      // of requests that are not whole, and answers not yet taken
  std::size_t calls_per_second = 0;  // 0: any
  std::size_t burst = 100;           // above that rate
  // What costs the server something and is no answer; some seconds' of it may come at once. Calls
  // that end with their connection are as many connections more, and to be sent away is a hundred.
  // Frames: beyond what calls earn (frame_reader.h). Inflated: beyond 16 times what came
  // (incoming.cc).
  std::size_t connections_per_second = 1000;
  std::size_t resets_per_second = 250;
  std::size_t control_frames_per_second = 2000;
  std::size_t crumbs_per_second = 10'000;
  std::size_t inflated_bytes_per_second = 1 << 20;
};

enum class Cost : unsigned char { kConnection, kReset, kControlFrame, kCrumb, kInflatedKib };
inline constexpr std::size_t kCosts = 5;

class ClientAccount {
 public:
  // `shares`, of all accounts, may be null: nobody competes.
  ClientAccount(std::string name, const ClientLimits& limits,
                std::shared_ptr<FairShares> shares = nullptr);

  const std::string& name() const { return name_; }

  // One of what is counted; given back on destruction, and keeps the account.
  template <std::atomic<std::size_t> ClientAccount::* kCounter>
  class [[nodiscard]] Place {
   public:
    Place() = default;
    explicit Place(std::shared_ptr<ClientAccount> account) : account_(std::move(account)) {}
    Place(Place&& other) noexcept = default;
    Place& operator=(Place&& other) noexcept {
      std::swap(account_, other.account_);
      return *this;
    }
    ~Place() {
      if (account_ != nullptr) {
        (account_.get()->*kCounter).fetch_sub(1, std::memory_order_relaxed);
      }
    }
    explicit operator bool() const { return account_ != nullptr; }
    ClientAccount* operator->() const { return account_.get(); }
    ClientAccount& operator*() const { return *account_; }

   private:
    std::shared_ptr<ClientAccount> account_;
  };
  std::atomic<std::size_t> connections_ = 0;
  std::atomic<std::size_t> calls_ = 0;
  using ConnectionPlace = Place<&ClientAccount::connections_>;
  using CallPlace = Place<&ClientAccount::calls_>;

  // Empty where the client has as many as it may.
  static ConnectionPlace connect(std::shared_ptr<ClientAccount> account);
  static CallPlace call(std::shared_ptr<ClientAccount> account);
  // Whether it may make another call, by its rate.
  bool take(TimePoint now) { return !rate_ || rate_->try_acquire(now); }
  // Whether it may cause so much more of that, which is then taken.
  bool draw(Cost cost, std::size_t units, TimePoint now) {
    return costs_[static_cast<std::size_t>(cost)].try_acquire(now, units);
  }
  // It has caused so much of that, be it more than it may.
  void charge(Cost cost, std::size_t units, TimePoint now) {
    costs_[static_cast<std::size_t>(cost)].charge(now, units);
  }
  // How much more it may.
  std::size_t available(Cost cost, TimePoint now) const {
    return costs_[static_cast<std::size_t>(cost)].available(now);
  }

  void hold(std::size_t bytes) { bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void release(std::size_t bytes) { bytes_.fetch_sub(bytes, std::memory_order_relaxed); }
  bool holds_too_much() const { return bytes_.load(std::memory_order_relaxed) > limits_.bytes; }

  // It was given what others wait for as well.
  void charge(TimePoint now) {
    if (shares_ != nullptr) shares_->charge(share_, now);
  }
  // It was given more of that than its share, or than `other`'s.
  bool is_over_its_share() const { return shares_ != nullptr && shares_->is_over(share_); }
  bool has_had_more_than(const ClientAccount& other) const {
    return shares_ != nullptr && shares_->has_had_more(share_, other.share_);
  }

  // For ClientAccounts: nothing would be lost if it were made anew.
  bool is_as_new(TimePoint now) const;

 private:
  static bool enter(std::atomic<std::size_t>& count, std::size_t most);

  const std::string name_;
  const ClientLimits limits_;  // its own: a connection may outlive the server for a moment
  std::atomic<std::size_t> bytes_ = 0;
  std::optional<RateLimiter> rate_;
  std::array<RateLimiter, kCosts> costs_;
  const std::shared_ptr<FairShares> shares_;
  FairShares::Share share_;
};

class ClientAccounts {
 public:
  // Clients beyond so many, that are all above their rate and have no connection, are forgotten.
  static constexpr std::size_t kMostIdle = 10'000;

  explicit ClientAccounts(const ClientLimits& limits) : limits_(limits) {}

  const ClientLimits& limits() const { return limits_; }
  std::shared_ptr<ClientAccount> of(absl::string_view client);
  std::size_t size() const;

 private:
  void forget_idle(TimePoint now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ClientLimits limits_;
  const std::shared_ptr<FairShares> shares_ = std::make_shared<FairShares>();
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, std::shared_ptr<ClientAccount>> accounts_
      ABSL_GUARDED_BY(mutex_);
  std::size_t forget_at_ ABSL_GUARDED_BY(mutex_) = 64;
};

}  // namespace weir::rpc
