// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/coalescer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "server/postgres/connection.h"
#include "server/postgres/engine.h"

namespace weir::postgres::detail {
namespace {

// Posts many waiters with one wake-up for each of their loops.
class Wakeup {
 public:
  void add(EventLoop& loop, Runnable& waiter) {
    auto at = std::find_if(loops_.begin(), loops_.end(),
                           [&](const auto& entry) { return entry.first == &loop; });
    if (at == loops_.end()) at = loops_.insert(loops_.end(), {&loop, RunQueue()});
    at->second.push(waiter);
  }
  void post() {
    for (auto& [loop, waiters] : loops_) loop->post_all(waiters);
  }

 private:
  absl::InlinedVector<std::pair<EventLoop*, RunQueue>, 4> loops_;
};

absl::Status closed_error() { return absl::UnavailableError("the database pool is shutting down"); }

}  // namespace

bool CoalescedWaiter::enqueue() { return coalescer_.enqueue(*this); }

void CoalescedWaiter::begin_span() {
  span_ = std::make_unique<Span>(context(), what_, Span::Kind::kInternal);
}

void CoalescedWaiter::on_cancel(CancelReason reason) { coalescer_.leave(*this, reason); }

absl::Status CoalescedWaiter::finish() {
  if (suspended_) context().loop().outside_work_ended();
  ended();
  if (span_ != nullptr) {
    span_->end_with(status_);
    span_.reset();
  }
  return status_;
}

absl::Status Batch::run(Connection& connection) {
  coalescer_->take(*this);  // nothing more if this is another attempt
  {
    std::lock_guard lock(coalescer_->mutex_);
    if (present_ == 0) return absl::OkStatus();
  }
  // The statement is below the first who asked, and linked to the others.
  if (!spans_.empty()) connection.trace({spans_, waited(), keys_});
  absl::Status status = work(connection);
  if (!status.ok()) return status;
  {
    // From here on nobody leaves, so that their frames can be written to without the lock.
    std::lock_guard lock(coalescer_->mutex_);
    if (phase_ != Phase::kSent) return absl::OkStatus();  // abandoned
    phase_ = Phase::kDelivering;
    for (CoalescedWaiter* waiter : waiters_) {
      if (waiter != nullptr) waiter->state_ = CoalescedWaiter::State::kSettled;
    }
  }
  deliver();
  return status;
}

void Batch::answer(const absl::Status& status) { finish(status, /*is_worker=*/true); }
void Batch::abandon(const absl::Status& status) { finish(status, /*is_worker=*/false); }

void Batch::finish(const absl::Status& status, bool is_worker) {
  Wakeup wakeup;
  {
    std::lock_guard lock(coalescer_->mutex_);
    if (phase_ == Phase::kAnswered) return;
    if (phase_ == Phase::kDelivering && !is_worker) return;  // the worker is about to answer
    phase_ = Phase::kAnswered;
    for (CoalescedWaiter* waiter : waiters_) {
      if (waiter == nullptr) continue;
      waiter->state_ = CoalescedWaiter::State::kSettled;
      waiter->status_ = status;
      wakeup.add(waiter->loop(), *waiter);
    }
    waiters_.clear();
    present_ = 0;
  }
  wakeup.post();
}

std::shared_ptr<Job> Batch::follow_up() {
  std::lock_guard lock(coalescer_->mutex_);
  --coalescer_->in_flight_;
  return coalescer_->batch_if_needed();
}

Coalescer::Coalescer(std::shared_ptr<Engine> engine, CoalesceLimits limits)
    : engine_(std::move(engine)), limits_(limits) {}

void Coalescer::register_with_engine() { engine_->add(*this); }
void Coalescer::unregister() { engine_->remove(*this); }

bool Coalescer::enqueue(CoalescedWaiter& waiter) {
  std::shared_ptr<Batch> batch;
  {
    std::lock_guard lock(mutex_);
    if (closed_) {
      waiter.status_ = closed_error();
      return false;
    }
    if (waiting_count_ >= limits_.max_waiting) {
      waiter.status_ = absl::UnavailableError("too much is waiting for the database");
      return false;
    }
    waiter.since_ = std::chrono::steady_clock::now();
    waiter.state_ = CoalescedWaiter::State::kWaiting;
    waiting_.push_back(waiter);
    ++waiting_count_;
    batch = batch_if_needed();
  }
  // It runs before the waiter goes on, even if that is cancelled now: what is posted keeps its
  // order.
  if (batch != nullptr) batch->submission_.begin(waiter.loop(), batch);
  return true;
}

void Batch::Submission::begin(EventLoop& loop, std::shared_ptr<Batch> batch) {
  batch_ = std::move(batch);
  loop.post(*this);
}

void Batch::Submission::run() {
  const std::shared_ptr<Batch> batch = std::move(batch_);
  batch->coalescer_->submit(batch);
}

std::shared_ptr<Batch> Coalescer::batch_if_needed() {
  if (closed_ || has_queued_batch_ || waiting_count_ == 0) return nullptr;
  if (in_flight_ >= limits_.max_in_flight) return nullptr;
  has_queued_batch_ = true;
  ++in_flight_;
  return make_batch();
}

void Coalescer::submit(std::shared_ptr<Batch> batch) {
  // Refused only by a pool that is closing, which closes this, too.
  if (!engine_->submit(std::move(batch)).ok()) close();
}

void Coalescer::take(Batch& batch) {
  std::shared_ptr<Batch> another;
  {
    std::lock_guard lock(mutex_);
    if (batch.phase_ != Batch::Phase::kQueued) return;
    batch.phase_ = Batch::Phase::kSent;
    has_queued_batch_ = false;
    const std::size_t count = std::min(waiting_count_, limits_.max_batch);
    batch.waiters_.reserve(count);
    for (std::size_t slot = 0; slot < count; ++slot) {
      CoalescedWaiter& waiter = waiting_.pop_front();
      waiter.state_ = CoalescedWaiter::State::kInBatch;
      waiter.batch_ = &batch;
      waiter.slot_ = slot;
      batch.waiters_.push_back(&waiter);
      batch.took(waiter);
      if (waiter.span_ != nullptr) batch.spans_.push_back(waiter.span_->ref());
    }
    engine_->counters().batch_size.add(static_cast<std::int64_t>(count));
    waiting_count_ -= count;
    batch.present_ = count;
    batch.keys_ = static_cast<std::int64_t>(count);
    another = batch_if_needed();
  }
  if (another != nullptr) submit(std::move(another));
}

void Coalescer::leave(CoalescedWaiter& waiter, CancelReason reason) {
  std::shared_ptr<Job> unwanted;
  {
    std::lock_guard lock(mutex_);
    if (waiter.state_ == CoalescedWaiter::State::kWaiting) {
      waiting_.remove(waiter);
      --waiting_count_;
    } else if (waiter.state_ == CoalescedWaiter::State::kInBatch) {
      Batch& batch = *waiter.batch_;
      batch.waiters_[waiter.slot_] = nullptr;
      if (--batch.present_ == 0) unwanted = batch.shared_from_this();
    } else {
      return;  // its answer is on the way
    }
    waiter.state_ = CoalescedWaiter::State::kSettled;
    waiter.status_ = to_status(reason);
    waiter.complete();
  }
  if (unwanted != nullptr) engine_->stop(*unwanted, CancelReason::kCancelled);
}

TimePoint Coalescer::expire(TimePoint now, Duration timeout) {
  Wakeup wakeup;
  TimePoint next = saturating_add(now, timeout);  // of those that come from now on
  {
    std::lock_guard lock(mutex_);
    while (waiting_count_ > 0) {
      CoalescedWaiter& oldest = waiting_.front();
      if (oldest.since_ + timeout > now) {
        next = oldest.since_ + timeout;
        break;
      }
      waiting_.pop_front();
      --waiting_count_;
      oldest.state_ = CoalescedWaiter::State::kSettled;
      oldest.status_ = absl::UnavailableError("no connection to the database was free in time");
      wakeup.add(oldest.loop(), oldest);
    }
  }
  wakeup.post();
  return next;
}

void Coalescer::close() {
  Wakeup wakeup;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    while (waiting_count_ > 0) {
      CoalescedWaiter& waiter = waiting_.pop_front();
      --waiting_count_;
      waiter.state_ = CoalescedWaiter::State::kSettled;
      waiter.status_ = closed_error();
      wakeup.add(waiter.loop(), waiter);
    }
  }
  wakeup.post();
}

}  // namespace weir::postgres::detail
