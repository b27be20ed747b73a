// SPDX-License-Identifier: Apache-2.0
#include "server/users/user_feed.h"

#include <algorithm>
#include <utility>

#include "server/users/event_log.h"

namespace weir::users {
namespace {

// What is removed at a time, and how often: 4,000 events a second at most, so that removing never
// stands in the way of reading for long.
constexpr std::int64_t kRemovalStep = 1000;
constexpr Duration kRemovalInterval = std::chrono::milliseconds(250);
// When there was nothing to remove.
constexpr Duration kRemovalRest = std::chrono::seconds(5);

TimePoint now() { return std::chrono::steady_clock::now(); }

}  // namespace

UserFeed::UserFeed(const postgres::Options& postgres, const FeedOptions& options,
                   const ResumeTokens& tokens, std::function<void(const EventBatch&)> on_batch)
    : options_(options),
      tokens_(tokens),
      on_batch_(std::move(on_batch)),
      batches_(broadcast::channel<Batch>(options.buffer).first),
      head_(watch::channel<std::int64_t>(-1).first),
      listener_(postgres, {event_log::kChannel, options.poll, options.pause},
                [this](auto& db, const auto& why) { return look(db, why); }) {}

UserFeed::Subscription UserFeed::subscribe() const {
  std::lock_guard lock(sending_);
  return {batches_.subscribe(), head_.get()};
}

Duration UserFeed::look(postgres::Transaction& db, const postgres::Listener::Why& why) {
  was_rung_ |= why.rung;
  const event_log::Settled settled = event_log::settled(db, position_);
  if (position_ < 0) {
    position_ = notified_ = event_log::newest(db, settled.upto);
    head_.send(position_);
  }
  while (position_ < settled.upto && read_one_batch(db, settled.upto)) {
  }
  if (was_rung_ && position_ > notified_) {
    event_log::notify(db);
    notified_ = position_;
  }
  was_rung_ &= settled.is_held_back;
  const Duration removal = remove_old(db);
  // Whoever holds back need not ring when it ends: it may roll back.
  return settled.is_held_back ? Duration::zero() : removal;
}

// False if that was all.
bool UserFeed::read_one_batch(postgres::Transaction& db, std::int64_t upto) {
  event_log::Page page = event_log::read(db, position_, upto, options_.batch);
  if (page.events.empty()) return false;
  const bool is_full = page.events.size() == static_cast<std::size_t>(options_.batch);
  // If events were removed that were not read, because the connection was down for so long, the
  // batch says so: it does not follow on what came before.
  const std::int64_t after = std::max(position_, page.removed);
  // Not up to `upto`: a crash of Postgres may give out anew the numbers of what was not committed.
  position_ = page.events.back().seq;
  const Batch batch = make_batch(after, position_, std::move(page.events), tokens_);
  if (on_batch_) on_batch_(*batch);
  std::lock_guard lock(sending_);
  batches_.send(batch);
  head_.send(position_);
  return is_full;
}

Duration UserFeed::remove_old(postgres::Transaction& db) {
  if (now() >= next_removal_) {
    const std::int64_t removed = event_log::remove_old(db, position_, options_.keep, kRemovalStep);
    next_removal_ = now() + (removed < kRemovalStep ? kRemovalRest : kRemovalInterval);
  }
  return next_removal_ - now();
}

}  // namespace weir::users
