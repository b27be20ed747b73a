// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/method_limit.h"

#include <algorithm>
#include <chrono>
#include <source_location>

#include "async/timeout.h"

namespace weir::rpc {
namespace {

constexpr std::size_t kLeastLine = 2;
// What a line may hold up in a burst, and for how long one may last.
constexpr Duration kBurst = std::chrono::milliseconds(100);
constexpr Duration kLeastPatience = std::chrono::milliseconds(1);

}  // namespace

class MethodLimit::Waiting final : public weir::detail::QueuedWaiter {
 public:
  Waiting(MethodLimit& limit, Rank rank, ClientAccount& client, const EventLoop& loop,
          std::source_location where)
      : QueuedWaiter(limit.line(rank), "a place", where),
        limit_(limit),
        client_(client),
        loop_(loop) {}

  absl::Status await_resume() { return finish(); }
  const ClientAccount& client() const { return client_; }
  // It is given what it waits for.
  void charge() const { client_.charge(loop_.turn_time()); }

 private:
  bool is_answered() override {
    if (limit_.waiting_.fetch_add(1, std::memory_order_relaxed) == 0) {
      limit_.waiting_since_ = loop_.turn_time();
    }
    return false;
  }
  void gave_up() override { limit_.waiting_.fetch_sub(1, std::memory_order_relaxed); }

  MethodLimit& limit_;
  ClientAccount& client_;
  const EventLoop& loop_;
};

MethodLimit::Rank MethodLimit::rank(Method::Priority priority, const ClientAccount& client) {
  if (priority == Method::Priority::kBatch) return Rank::kBatch;
  if (client.is_over_its_share()) return Rank::kOverShare;
  put_behind_who_had_more_than(client);
  return Rank::kNormal;
}

void MethodLimit::put_behind_who_had_more_than(const ClientAccount& client) {
  const std::lock_guard lock(mutex_);
  weir::detail::WaitQueue& normal = line(Rank::kNormal);
  const auto has_had_more = [&] {
    return static_cast<const Waiting&>(normal.front()).client().has_had_more_than(client);
  };
  // It is the first, or there is none that is worth the look at all of them.
  if (normal.empty() || !has_had_more()) return;
  for (std::size_t left = normal.size(); left != 0; --left) {
    normal.move_front(has_had_more() ? line(Rank::kOverShare) : normal);
  }
}

bool MethodLimit::has_room(Rank rank) {
  if (waiting() < std::max(kLeastLine, limit_.limit() / 2)) return true;
  for (std::size_t lower = lines_.size() - 1; lower > static_cast<std::size_t>(rank); --lower) {
    const std::lock_guard lock(mutex_);
    if (lines_[lower].empty()) continue;
    lines_[lower].answer_front(absl::UnavailableError("another goes first"));
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }
  return false;
}

Task<absl::Status> MethodLimit::stand_in_line(Rank rank, ClientAccount& client,
                                              const EventLoop& loop) {
  co_return co_await Waiting(*this, rank, client, loop, std::source_location::current());
}

Task<MethodLimit::Answer> MethodLimit::wait(Method::Priority priority, ClientAccount& client) {
  const Context& context = co_await this_context();
  const EventLoop& loop = context.loop();
  const TimePoint now = loop.now();
  const Duration usual = limit_.usual();
  if (context.remaining() < usual) co_return Answer(Refusal::kHopeless);
  const Rank its = rank(priority, client);
  if (!has_room(its)) {
    Answer at_once(Refusal::kLineFull);
    at_once.stood_in_line = false;
    co_return at_once;
  }
  const absl::Status status =
      co_await timeout_at(now + patience(now), stand_in_line(its, client, loop));
  if (!status.ok()) {
    if (context.is_cancelled()) co_return Answer(context.status());
    co_return Answer(absl::IsUnavailable(status) ? Refusal::kLineFull : Refusal::kLineSlow);
  }
  Place place(*this, loop.now());
  if (context.remaining() < usual) co_return Answer(Refusal::kHopeless);
  co_return Answer(std::move(place));
}

Duration MethodLimit::patience(TimePoint now) const {
  const Duration usual = std::max(limit_.usual(), kLeastPatience);
  const bool is_burst = waiting() == 0 || now - waiting_since_ < kBurst;
  return is_burst ? std::max(usual, kBurst) : usual;
}

void MethodLimit::leave() {
  --in_progress_;
  if (waiting() != 0) grant();
}

void MethodLimit::grant() {
  const std::lock_guard lock(mutex_);
  while (in_progress_ < limit_.limit() && waiting() != 0) {
    weir::detail::WaitQueue& line =
        *std::find_if(lines_.begin(), lines_.end(), [](const auto& each) { return !each.empty(); });
    limit_.began(++in_progress_);
    static_cast<const Waiting&>(line.front()).charge();
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    line.answer_front();
  }
}

}  // namespace weir::rpc
