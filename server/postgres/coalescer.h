// SPDX-License-Identifier: Apache-2.0
#pragma once

// The part of Loader and GroupCommit that knows neither keys nor rows: who waits, who is under way
// in which batch, and when a batch is queued.
//
// One lock. A waiter is in one of three places: the waiting list, a batch that was sent (either can
// be left at once), or a batch whose answer is being handed out (then it comes in a moment).

#include <coroutine>
#include <cstddef>
#include <memory>
#include <mutex>
#include <source_location>
#include <vector>

#include "absl/status/status.h"
#include "async/detail/intrusive_list.h"
#include "async/detail/waiter.h"
#include "async/event_loop.h"
#include "server/postgres/job.h"

namespace weir::postgres::detail {

class Batch;
class Coalescer;
class Engine;

struct CoalesceLimits {
  std::size_t max_batch;
  std::size_t max_in_flight;
  std::size_t max_waiting;
};

// What is awaited (a key, a write), in the frame of the coroutine that awaits it.
class CoalescedWaiter : public weir::detail::Waiter,
                        public weir::detail::ListHook<CoalescedWaiter> {
 public:
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    status_ = self.promise().context().status();
    if (!status_.ok()) return false;
    began(self, what_, where_);
    if (context().span() != nullptr) begin_span();
    if (!enqueue()) return false;
    self.promise().context().loop().outside_work_began();
    suspended_ = true;
    watch_cancellation();
    return true;
  }

 protected:
  CoalescedWaiter(Coalescer& coalescer, const char* what, std::source_location where)
      : coalescer_(coalescer), what_(what), where_(where) {}
  ~CoalescedWaiter() = default;

  // OK if the batch was done.
  absl::Status finish();

 private:
  friend class Batch;
  friend class Coalescer;
  enum class State : unsigned char { kNew, kWaiting, kInBatch, kSettled };

  void begin_span();
  bool enqueue();
  void on_cancel(CancelReason reason) override;
  EventLoop& loop() const { return context().loop(); }

  Coalescer& coalescer_;
  const char* const what_;
  const std::source_location where_;
  absl::Status status_;
  bool suspended_ = false;
  std::unique_ptr<Span> span_;  // if the trace is sampled

  // Guarded by the coalescer's lock.
  State state_ = State::kNew;
  TimePoint since_{};
  Batch* batch_ = nullptr;
  std::size_t slot_ = 0;
};

// The job that works for many waiters.
class Batch : public Job {
 public:
  absl::Status run(Connection& connection) final;
  void answer(const absl::Status& status) final;
  void abandon(const absl::Status& status) final;
  std::shared_ptr<Job> follow_up() final;
  bool is_bounded() const final { return false; }

 protected:
  explicit Batch(std::shared_ptr<Coalescer> coalescer) : coalescer_(std::move(coalescer)) {}

  // Takes over what a waiter wants, which may leave any time. Called in the order of the slots,
  // under the coalescer's lock.
  virtual void took(CoalescedWaiter& waiter) = 0;
  // One attempt; keeps what came of it. May throw what libpqxx throws.
  virtual absl::Status work(Connection& connection) = 0;
  // Gives that to waiters()[slot], where it is not null.
  virtual void deliver() = 0;

  // By slot; null for those that left. On the worker, inside `deliver`, it does not change.
  const std::vector<CoalescedWaiter*>& waiters() const { return waiters_; }

 private:
  friend class Coalescer;
  friend class CoalescedWaiter;
  enum class Phase : unsigned char { kQueued, kSent, kDelivering, kAnswered };

  void finish(const absl::Status& status, bool is_worker);

  // Submits the batch from the loop that asked for it, when the loop has done what is ready: by
  // then all keys of its turn wait, and the worker's thread does not interrupt it at the first.
  class Submission final : public Runnable {
   public:
    void begin(EventLoop& loop, std::shared_ptr<Batch> batch);
    void run() override;

   private:
    std::shared_ptr<Batch> batch_;
  };
  Submission submission_;

  const std::shared_ptr<Coalescer> coalescer_;
  // Guarded by the coalescer's lock.
  Phase phase_ = Phase::kQueued;
  std::vector<CoalescedWaiter*> waiters_;
  std::vector<telemetry::SpanRef> spans_;  // of those whose trace is sampled
  std::int64_t keys_ = 0;                  // of the statement
  std::size_t present_ = 0;                // of them, not null
};

class Coalescer : public std::enable_shared_from_this<Coalescer> {
 public:
  virtual ~Coalescer() = default;

  // From then on the engine calls `expire` and `close`.
  void register_with_engine();
  void unregister();

  // Answers those who have waited since before `now - timeout`. Returns when to ask again.
  TimePoint expire(TimePoint now, Duration timeout);
  // Answers all who wait, and all who come, with UNAVAILABLE.
  void close();

 protected:
  Coalescer(std::shared_ptr<Engine> engine, CoalesceLimits limits);
  virtual std::shared_ptr<Batch> make_batch() = 0;

 private:
  friend class Batch;
  friend class CoalescedWaiter;

  // False if it was refused.
  bool enqueue(CoalescedWaiter& waiter);
  void leave(CoalescedWaiter& waiter, CancelReason reason);
  void take(Batch& batch);
  std::shared_ptr<Batch> batch_if_needed();  // with the lock held
  void submit(std::shared_ptr<Batch> batch);

  const std::shared_ptr<Engine> engine_;
  const CoalesceLimits limits_;
  std::mutex mutex_;
  weir::detail::IntrusiveList<CoalescedWaiter, CoalescedWaiter> waiting_;
  std::size_t waiting_count_ = 0;
  std::size_t in_flight_ = 0;      // batches, queued or running
  bool has_queued_batch_ = false;  // one of them has not taken its keys yet
  bool closed_ = false;
};

}  // namespace weir::postgres::detail
