// SPDX-License-Identifier: Apache-2.0
#pragma once

// UserFeed: what happens to users, on whichever replica, as it is committed: the process's one
// reader of the table of events, for all of its watches. Tokio: a task that holds a
// broadcast::Sender, fed by sqlx's PgListener.
//
// Events come in the order of their seq, each once, none missing: the feed remembers how far it has
// read and goes on from there, after a lost connection as well. It looks when it is rung (here:
// after a commit of this process), when another replica notifies, and every `poll` in case that
// nobody did. After a look that it was rung for and that found something it notifies the others: so
// a thousand commits a second are at most one NOTIFY per `pause`, and none of them waits for it.
//
// It also removes events older than `keep`, in small steps.
//
// Thread: any. `tokens` must outlive it.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "async/broadcast.h"
#include "async/watch.h"
#include "server/postgres/listener.h"
#include "server/users/event_batch.h"

namespace weir::users {

struct FeedOptions {
  Duration keep = std::chrono::hours(24);
  Duration poll = std::chrono::seconds(1);
  Duration pause = std::chrono::milliseconds(5);
  // Batches that a watch may be behind: a batch is what one look has found, at most `batch` events.
  std::size_t buffer = 256;
  std::int64_t batch = 1000;
};

class UserFeed {
 public:
  using Batch = std::shared_ptr<const EventBatch>;
  // `on_batch` is told of every batch before the watches are, on the feed's thread.
  UserFeed(const postgres::Options& postgres, const FeedOptions& options,
           const ResumeTokens& tokens, std::function<void(const EventBatch&)> on_batch = nullptr);

  // Something may have been committed. Cheap; for postgres::Options::committed.
  void ring() { listener_.ring(); }

  // Everything up to here was read and sent. Negative until the feed has found out where it begins.
  watch::Receiver<std::int64_t> head() const { return head_.subscribe(); }

  // Batches from now on, and where they begin: the first follows on the head of this moment. One
  // that was sent between two calls, of head() and of this, would be in neither.
  struct Subscription {
    broadcast::Receiver<Batch> batches;
    std::int64_t head;
  };
  Subscription subscribe() const;

 private:
  Duration look(postgres::Transaction& db, const postgres::Listener::Why& why);
  bool read_one_batch(postgres::Transaction& db, std::int64_t upto);
  Duration remove_old(postgres::Transaction& db);

  const FeedOptions options_;
  const ResumeTokens& tokens_;
  const std::function<void(const EventBatch&)> on_batch_;
  mutable std::mutex sending_;  // what is sent to batches_ and head_ is one thing
  broadcast::Sender<Batch> batches_;
  watch::Sender<std::int64_t> head_;

  // The listener's thread's.
  std::int64_t position_ = -1;
  std::int64_t notified_ = -1;  // the others know of what is up to here
  bool was_rung_ = false;       // and has not notified since
  TimePoint next_removal_{};

  postgres::Listener listener_;  // last: its thread uses all of the above
};

}  // namespace weir::users
