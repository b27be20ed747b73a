// SPDX-License-Identifier: Apache-2.0
#include "server/batch/executor.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "async/backoff.h"
#include "async/cancelled.h"
#include "async/join.h"
#include "async/or_return.h"
#include "async/shielded.h"
#include "async/sleep.h"
#include "async/timeout.h"
#include "async/with_scope.h"
#include "server/log.h"
#include "server/postgres/errors.h"
#include "telemetry/with_span.h"

namespace weir::batch {
namespace {

using std::chrono::milliseconds;

constexpr Duration kPause = milliseconds(200);  // of a chunk that could not be done now
constexpr Duration kGiveBackLimit = std::chrono::seconds(1);
constexpr Duration kBetweenRemovals = milliseconds(20);

// Replicas that were started together do not knock together.
Duration jittered(Duration time) {
  absl::InsecureBitGen random;
  return std::chrono::duration_cast<Duration>(time * absl::Uniform(random, 0.8, 1.2));
}

// Whether a statement failed, and not the way to the database or this process.
bool is_about_items(const absl::Status& status) {
  return !absl::IsUnavailable(status) && !absl::IsCancelled(status) &&
         !postgres::is_in_doubt(status);
}

// A chunk whose lease is renewed for as long as this lives.
class Held {
 public:
  Held(std::map<std::int64_t, Chunk>& held, const Chunk& chunk) : held_(held), lease_(chunk.lease) {
    held_.emplace(lease_, chunk);
  }
  ~Held() { held_.erase(lease_); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  std::map<std::int64_t, Chunk>& held_;
  const std::int64_t lease_;
};

}  // namespace

void Executor::stop() {
  stopping_.cancel();
  work_.ring();
}

Task<absl::Status> Executor::run() {
  const auto all = [&](TaskScope& scope) -> Task<absl::Status> {
    scope.spawn(keep_leases());
    scope.spawn(keep_up());
    co_await or_return(work());
    scope.cancel();
    co_return absl::OkStatus();
  };
  co_return co_await with_scope(all);
}

Task<absl::Status> Executor::work() {
  if (options_.workers == 0) co_return co_await cancelled(stopping_);
  const auto claim_all = [&](TaskScope& chunks) -> Task<absl::Status> {
    Backoff backoff(milliseconds(50), std::chrono::seconds(1));
    for (;;) {
      Permit worker = co_await or_return(co_await workers_.acquire());
      if (stopping_.is_cancelled()) co_return absl::OkStatus();
      absl::StatusOr<std::vector<Chunk>> claimed = co_await chunks_.claim(1);
      if (!claimed.ok()) {
        worker.release();
        co_await or_return(co_await sleep(backoff.next()));
      } else if (claimed->empty()) {
        worker.release();
        co_await work_.wait(jittered(options_.poll));
      } else {
        backoff.reset();
        chunks.spawn(work_on(claimed->front(), std::move(worker)));
      }
    }
  };
  co_return co_await with_scope(claim_all);
}

Task<absl::Status> Executor::work_on(Chunk chunk, [[maybe_unused]] Permit worker) {
  Effects in_doubt;
  absl::StatusOr<ChunkRepository::Ran> ran;
  {
    const Held held(held_, chunk);
    ran = co_await with_new_trace(tracer_, "batch.chunk", attempt(chunk, in_doubt));
  }
  if (!ran.ok()) {
    co_await doubt_in_cache(in_doubt);
    const bool is_ending = absl::IsCancelled(ran.status());
    if (!is_ending) {
      log::write_limited(
          log::Level::kWarning, "a chunk of a batch could not be done now",
          {{"batch", chunk.batch}, {"chunk", chunk.number}, {"reason", ran.status().message()}});
    }
    const Duration pause = is_ending ? Duration::zero() : kPause;
    // If it is not known whether it was committed: then it is done, and this does nothing.
    co_await give_back(chunk, pause);
    co_return absl::OkStatus();
  }
  if (!ran->was_ours) co_return absl::OkStatus();
  co_await tell_cache(std::move(ran->effects));
  if (ran->is_done) (void)co_await chunks_.settle(chunk.batch);  // or the upkeep does
  co_return absl::OkStatus();
}

Task<absl::StatusOr<ChunkRepository::Ran>> Executor::attempt(Chunk chunk, Effects& in_doubt) {
  absl::StatusOr<ChunkRepository::Ran> ran = co_await chunks_.run(chunk, Mode::kTogether, in_doubt);
  if (ran.ok() || !is_about_items(ran.status())) co_return ran;
  co_return co_await chunks_.run(chunk, Mode::kApart, in_doubt);
}

Task<void> Executor::give_back(Chunk chunk, Duration pause) {
  Task<absl::Status> given = timeout(kGiveBackLimit, chunks_.give_back(chunk, pause));
  (void)co_await shielded(std::move(given));  // if it failed, the lease expires
}

Task<void> Executor::tell_cache(Effects effects) {
  std::vector<Task<void>> told;
  for (users::User& user : effects.written) told.push_back(cache_.put(std::move(user)));
  for (const users::User& user : effects.deleted) {
    told.push_back(cache_.erase(user.id, user.version));
  }
  (void)co_await join_all(std::move(told));
}

Task<void> Executor::doubt_in_cache(const Effects& effects) {
  std::vector<Task<void>> told;
  for (const users::User& user : effects.written) {
    told.push_back(cache_.doubt(user.id, user.version - 1));
  }
  for (const users::User& user : effects.deleted) {
    told.push_back(cache_.doubt(user.id, user.version));
  }
  (void)co_await join_all(std::move(told));
}

Task<absl::Status> Executor::keep_leases() {
  for (;;) {
    co_await or_return(co_await sleep(options_.lease / 3));
    if (held_.empty()) continue;
    std::vector<Chunk> chunks;
    for (const auto& [lease, chunk] : held_) chunks.push_back(chunk);
    (void)co_await chunks_.renew(std::move(chunks));  // if it failed: the next time, or it is lost
  }
}

Task<absl::Status> Executor::keep_up() {
  for (;;) {
    co_await or_return(co_await sleep(jittered(options_.upkeep)));
    for (;;) {
      const absl::StatusOr<bool> more = co_await upkeep_.step();
      if (!more.ok() || !*more) break;
      co_await or_return(co_await sleep(kBetweenRemovals));
    }
  }
}

}  // namespace weir::batch
