// SPDX-License-Identifier: Apache-2.0
#include "server/users/user_watch.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "async/or_return.h"
#include "async/timeout.h"
#include "server/api/draining.h"
#include "server/users/errors.h"
#include "server/users/event_log.h"

namespace weir::users {
namespace {

// Events of one read from the table.
constexpr std::int64_t kPage = 500;
// Before the last batch is added to it; so a message stays well below the 4 MiB that clients take.
constexpr std::size_t kBytesInOneMessage = std::size_t{1} << 20;
// For the feed to find out where it begins, when the server has just started.
constexpr Duration kPatience = std::chrono::seconds(5);

Task<absl::StatusOr<std::int64_t>> next_head(watch::Receiver<std::int64_t>& head) {
  while (head.get() < 0) co_await or_return(co_await head.changed());
  co_return head.get();
}

std::size_t size_of(const EventBatch& batch) {
  std::size_t bytes = 0;
  for (const rpc::Encoded<v1::UserEvent>& message : batch.whole) bytes += message.size();
  return bytes;
}

}  // namespace

// One watch, and how far it has come.
class UserWatch::Follower {
 public:
  Follower(UserWatch& watch, std::int64_t position, bool in_batches,
           rpc::Writer<v1::UserEvent>& writer)
      : watch_(watch), position_(position), in_batches_(in_batches), writer_(writer) {}

  Task<absl::Status> run() {
    co_await or_return(co_await begin());
    watch::Receiver<std::int64_t> head = watch_.feed_.head();
    // While this takes, the feed goes on; once it is near the end it can stay with the feed.
    for (std::int64_t end = head.get(); position_ < end; end = head.get()) {
      co_await or_return(co_await read_up_to(end));
    }
    UserFeed::Subscription feed = watch_.feed_.subscribe();
    co_await or_return(co_await read_up_to(feed.head));  // what came since the last page
    UserFeed::Batch next;
    for (;;) {
      if (next == nullptr) {
        absl::StatusOr<UserFeed::Batch> received = co_await feed.batches.recv();
        if (absl::IsDataLoss(received.status())) co_return watch_too_slow();
        next = co_await or_return(std::move(received));
      }
      const UserFeed::Batch batch = std::exchange(next, nullptr);
      // What came while the feed was cut off.
      if (position_ < batch->after) co_await or_return(co_await read_up_to(batch->after));
      if (in_batches_ && position_ == batch->after) {
        next = co_await or_return(co_await write_with_more(batch, feed.batches));
      } else {
        co_await or_return(co_await write(*batch));
      }
    }
  }

 private:
  // The client learns that the watch is on, and in batches where it began.
  Task<absl::Status> begin() {
    if (!in_batches_) co_return co_await writer_.begin();
    v1::UserEvent first;
    first.set_resume_token(watch_.tokens_.encode(position_));
    co_return co_await writer_.write(first);
  }

  // From the table. `end` must be settled: the feed was there.
  Task<absl::Status> read_up_to(std::int64_t end) {
    while (position_ < end) {
      event_log::Page page = co_await or_return(co_await read_page(end));
      if (page.users_removed > position_) co_return resume_token_expired();
      const bool is_last = page.events.size() < static_cast<std::size_t>(kPage);
      const std::int64_t upto = is_last ? end : page.events.back().seq;
      const UserFeed::Batch batch =
          make_batch(position_, upto, std::move(page.events), watch_.tokens_);
      co_await or_return(co_await write(*batch));
    }
    co_return absl::OkStatus();
  }

  Task<absl::StatusOr<event_log::Page>> read_page(std::int64_t end) {
    const Permit permit = co_await or_return(co_await watch_.reading_.acquire());
    auto read = [after = position_,
                 end](postgres::Transaction& db) -> absl::StatusOr<event_log::Page> {
      return event_log::read(db, after, end, kPage);
    };
    co_return co_await watch_.pool_.query(std::move(read));
  }

  // The batch, and in the same message what has come since: the slower the client, or the loop, the
  // fewer messages. Returns a batch that was taken and does not follow on these, or null.
  Task<absl::StatusOr<UserFeed::Batch>> write_with_more(
      const UserFeed::Batch& first, broadcast::Receiver<UserFeed::Batch>& batches) {
    std::vector<rpc::Encoded<v1::UserEvent>> messages = first->whole;
    std::int64_t upto = first->upto;
    std::size_t bytes = size_of(*first);
    UserFeed::Batch rest;
    while (bytes < kBytesInOneMessage && rest == nullptr) {
      absl::StatusOr<UserFeed::Batch> more = batches.try_recv();
      if (absl::IsDataLoss(more.status())) co_return watch_too_slow();
      if (!more.ok()) break;
      if ((*more)->after != upto) {
        rest = *std::move(more);
      } else {
        upto = (*more)->upto;
        bytes += size_of(**more);
        messages.insert(messages.end(), (*more)->whole.begin(), (*more)->whole.end());
      }
    }
    if (messages.size() == 1) co_await or_return(co_await writer_.write(messages.front()));
    if (messages.size() > 1) {
      const auto merged = rpc::Encoded<v1::UserEvent>::merged(messages);
      co_await or_return(co_await writer_.write(merged));
    }
    position_ = upto;
    co_return rest;
  }

  // What of the batch is new to this watch.
  Task<absl::Status> write(const EventBatch& batch) {
    if (in_batches_) {
      co_await or_return(co_await write_whole(batch));
    } else {
      for (const EventBatch::Message& message : batch.messages) {
        if (message.seq <= position_) continue;
        co_await or_return(co_await writer_.write(message.encoded));
        position_ = message.seq;
      }
    }
    position_ = std::max(position_, batch.upto);
    co_return absl::OkStatus();
  }

  Task<absl::Status> write_whole(const EventBatch& batch) {
    if (position_ >= batch.upto || batch.whole.empty()) co_return absl::OkStatus();
    if (position_ <= batch.after) co_return co_await writer_.write(batch.whole.front());
    std::vector<UserEvent> rest;
    for (const UserEvent& event : batch.events) {
      if (event.seq > position_) rest.push_back(event);
    }
    const UserFeed::Batch unseen =
        make_batch(position_, batch.upto, std::move(rest), watch_.tokens_);
    if (unseen->whole.empty()) co_return absl::OkStatus();
    co_return co_await writer_.write(unseen->whole.front());
  }

  UserWatch& watch_;
  std::int64_t position_;  // everything up to here was written
  const bool in_batches_;
  rpc::Writer<v1::UserEvent>& writer_;
};

Task<absl::Status> UserWatch::watch_users(const v1::WatchUsersRequest& request,
                                          rpc::Writer<v1::UserEvent>& writer) {
  const std::int64_t position = co_await or_return(co_await where_to_begin(request));
  Follower follower(*this, position, request.batch(), writer);
  co_return co_await api::until_draining(draining_, follower.run());
}

Task<absl::StatusOr<std::int64_t>> UserWatch::where_to_begin(const v1::WatchUsersRequest& request) {
  std::optional<std::int64_t> resumed;
  if (!request.resume_token().empty()) {
    resumed = tokens_.decode(request.resume_token());
    if (!resumed) co_return invalid_resume_token();
  }
  // Also to resume: what the feed skips where it begins, it sends to nobody.
  watch::Receiver<std::int64_t> head = feed_.head();
  absl::StatusOr<std::int64_t> position = co_await timeout(kPatience, next_head(head));
  const Context& context = co_await this_context();
  if (!position.ok() && !context.is_cancelled()) co_return feed_unavailable();
  if (position.ok() && resumed) co_return *resumed;
  co_return position;
}

}  // namespace weir::users
