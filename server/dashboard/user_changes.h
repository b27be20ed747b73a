// SPDX-License-Identifier: Apache-2.0
#pragma once

// UserChanges: tells who is interested in one user that something of the user's has changed: the
// user, a post, a subscription, on whichever replica. Tokio: a map of watch channels.
//
//     UserChanges::Subscription subscription = changes.subscribe(42);
//     co_await or_return(co_await subscription.changes().changed());
//
// Subscribe, then read: a change that the reading missed comes after it. Thread: any; it must
// outlive its subscriptions.

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "async/watch.h"
#include "server/users/event_batch.h"

namespace weir::dashboard {

class UserChanges {
 public:
  class Subscription {
   public:
    Subscription(UserChanges& owner, std::int64_t user_id, watch::Receiver<std::int64_t> changes)
        : owner_(&owner), user_id_(user_id), changes_(std::move(changes)) {}
    Subscription(Subscription&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)),
          user_id_(other.user_id_),
          changes_(std::move(other.changes_)) {}
    Subscription& operator=(Subscription&&) = delete;
    ~Subscription() {
      if (owner_ != nullptr) owner_->unsubscribe(user_id_);
    }

    // The seq of the latest event; at first what is there counts as not yet seen.
    watch::Receiver<std::int64_t>& changes() { return changes_; }

   private:
    UserChanges* owner_;
    std::int64_t user_id_;
    watch::Receiver<std::int64_t> changes_;
  };

  [[nodiscard]] Subscription subscribe(std::int64_t user_id);

  // What users::UserFeed has read.
  void on_batch(const users::EventBatch& batch);

 private:
  struct Subject {
    watch::Sender<std::int64_t> sender;
    std::size_t subscriptions = 0;
  };
  void unsubscribe(std::int64_t user_id);

  std::mutex mutex_;
  absl::flat_hash_map<std::int64_t, Subject> subjects_;
  std::int64_t upto_ = 0;  // of the last batch
};

}  // namespace weir::dashboard
