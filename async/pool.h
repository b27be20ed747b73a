// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pool<T>: things that are dear to make, such as connections, lent out and taken back. Tokio: the
// bb8 and deadpool crates.
//
//     Pool<Connection> pool({.min = 2, .max = 10}, connect, ping);
//     Lease<Connection> connection = co_await or_return(pool.acquire());
//     if (!(co_await connection->send(request)).ok()) connection.discard();
//
// `create` makes one (a Task of StatusOr<T>); `check`, if given, is asked on each checkout of one
// that has lain idle, and what fails it is thrown away. A lease comes back when it is destroyed;
// one that is discarded, too old, or back after close is destroyed instead.
//
// Fair: first come, first served; a failed create goes to the one who asked, and its place to the
// next. The one used last is lent first, so that what is not needed grows idle and goes. A
// cancelled acquire leaves the queue; one that was being made or checked is destroyed, never lent
// unseen. Errors: UNAVAILABLE after `acquire_timeout`, FAILED_PRECONDITION once closed, CANCELLED
// or DEADLINE_EXCEEDED when the task was told to stop, else what `create` answered.
//
// `maintain` keeps the minimum open and lets the idle and the old go: spawn it in a scope that ends
// before the pool. Without it the old are thrown away when they would be lent.
//
// Thread: one loop's. To wait allocates nothing but recycled frames. Trap: close() waits for every
// lease; a lease that outlives its pool ends the process with a message. A task that holds a lease
// and asks for another can wait for itself.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <random>
#include <utility>

#include "absl/status/statusor.h"
#include "async/gate.h"
#include "async/or_return.h"
#include "async/semaphore.h"
#include "async/sleep.h"
#include "async/task.h"
#include "async/timeout.h"

namespace weir {

struct PoolOptions {
  std::size_t min = 0;
  std::size_t max = 10;
  Duration acquire_timeout = std::chrono::seconds(5);
  Duration idle_lifetime = std::chrono::minutes(10);
  Duration max_lifetime = std::chrono::minutes(30);
  // Each lives up to this part shorter than the maximum, so that those made together do not all go
  // together.
  double lifetime_jitter = 0.1;
  Duration maintenance_period = std::chrono::seconds(30);
  std::uint64_t seed = std::random_device()();
};

struct PoolStats {
  std::size_t open = 0;     // idle, lent or in the making
  std::size_t idle = 0;     // of those
  std::size_t waiting = 0;  // for their turn
  std::uint64_t created = 0;
  std::uint64_t create_failures = 0;
  std::uint64_t failed_checks = 0;
  std::uint64_t discarded = 0;  // by their users
  std::uint64_t expired = 0;    // too old or too long idle
  std::uint64_t timeouts = 0;   // of acquire
};

template <class T>
class Pool;

namespace detail {

[[noreturn]] void pool_destroyed_with_leases(std::size_t leases);
absl::Status pool_closed();
absl::Status pool_timed_out(std::size_t max);

// One T, counted as open for as long as it lives.
template <class T>
class Pooled {
 public:
  // Counted from before it is made.
  explicit Pooled(std::size_t& open) : open_(&open) { ++open; }
  Pooled(Pooled&& other) noexcept
      : value(std::move(other.value)),
        dies(other.dies),
        idle_since(other.idle_since),
        open_(std::exchange(other.open_, nullptr)) {}
  Pooled& operator=(Pooled&&) = delete;
  ~Pooled() { let_go(); }

  void let_go() {
    value.reset();
    if (open_ != nullptr) --*std::exchange(open_, nullptr);
  }

  std::optional<T> value;
  TimePoint dies = kForever;
  TimePoint idle_since{};

 private:
  std::size_t* open_;
};

}  // namespace detail

// A T of the pool, for as long as this lives. Empty once moved from or discarded.
template <class T>
class [[nodiscard]] Lease {
 public:
  Lease() = default;
  Lease(Lease&& other) noexcept = default;
  Lease& operator=(Lease&& other) noexcept {
    give_back();
    pass_ = std::move(other.pass_);
    permit_ = std::move(other.permit_);
    if (other.pooled_.has_value()) pooled_.emplace(*std::move(other.pooled_));
    other.pooled_.reset();
    pool_ = other.pool_;
    return *this;
  }
  ~Lease() { give_back(); }

  T& operator*() { return *pooled_->value; }
  T* operator->() { return &*pooled_->value; }
  explicit operator bool() const { return static_cast<bool>(pass_); }

  // It is broken, or in a state that nobody else should meet: destroys it now.
  void discard() {
    if (!*this) return;
    ++pool_->stats_.discarded;
    let_go();
  }

 private:
  friend class Pool<T>;
  Lease(Pool<T>& pool, Pass pass, Permit permit, detail::Pooled<T> pooled)
      : pool_(&pool),
        pass_(std::move(pass)),
        permit_(std::move(permit)),
        pooled_(std::move(pooled)) {}

  void give_back() {
    if (!*this) return;
    pool_->take_back(*std::move(pooled_));
    let_go();
  }
  // In this order: the next in the queue finds it idle, and the pool may go after the last pass.
  void let_go() {
    pooled_.reset();
    permit_.release();
    pass_.leave();
  }

  Pool<T>* pool_ = nullptr;
  Pass pass_;
  Permit permit_;
  std::optional<detail::Pooled<T>> pooled_;
};

template <class T>
class Pool {
 public:
  using Create = std::function<Task<absl::StatusOr<T>>()>;
  using Check = std::function<Task<absl::Status>(T&)>;

  Pool(PoolOptions options, Create create, Check check = nullptr)
      : options_(options),
        create_(std::move(create)),
        check_(std::move(check)),
        random_(options.seed),
        slots_(options.max) {
    random_.discard(8);  // the first number of this generator is small for every small seed
  }
  ~Pool() {
    if (gate_.inside() > 0) detail::pool_destroyed_with_leases(gate_.inside());
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  Task<absl::StatusOr<Lease<T>>> acquire();

  // Runs until it is told to stop, or OK until the pool is closed.
  Task<absl::Status> maintain();

  // Lends no more, lets the idle go, and waits until every lease is back. When that wait is
  // cancelled it may be called again.
  Task<absl::Status> close() {
    gate_.close();
    slots_.close();
    idle_.clear();
    co_return co_await gate_.drained();
  }

  PoolStats stats() const {
    PoolStats now = stats_;
    now.open = open_;
    now.idle = idle_.size();
    now.waiting = slots_.waiting();
    return now;
  }

 private:
  friend class Lease<T>;
  using Pooled = detail::Pooled<T>;

  Task<absl::StatusOr<Lease<T>>> next_lease();
  Task<absl::StatusOr<Pooled>> make();
  bool has_expired(const Pooled& pooled, TimePoint now) const {
    return now >= pooled.dies || now - pooled.idle_since >= options_.idle_lifetime;
  }
  void take_back(Pooled pooled);
  void let_expired_go();
  Task<absl::Status> fill_to_minimum();

  const PoolOptions options_;
  const Create create_;
  const Check check_;
  std::minstd_rand random_;
  EventLoop* loop_ = nullptr;  // known from the first acquire on

  // A place to hold one, idle ones not counted: an idle one is lent before another is made, so no
  // more than `max` are ever open.
  Semaphore slots_;
  Gate gate_;  // leases, and those who ask for one
  PoolStats stats_;
  std::size_t open_ = 0;
  std::deque<Pooled> idle_;  // the one used last at the back
};

template <class T>
Task<absl::StatusOr<Lease<T>>> Pool<T>::acquire() {
  const Context& context = co_await this_context();
  loop_ = &context.loop();
  const TimePoint limit = saturating_add(loop_->now(), options_.acquire_timeout);
  absl::StatusOr<Lease<T>> lease = co_await timeout(options_.acquire_timeout, next_lease());
  // `create` may have a time limit of its own.
  const bool is_ours = absl::IsDeadlineExceeded(lease.status()) && loop_->now() >= limit;
  if (!is_ours || context.is_cancelled()) co_return lease;
  ++stats_.timeouts;
  co_return detail::pool_timed_out(options_.max);
}

template <class T>
Task<absl::StatusOr<Lease<T>>> Pool<T>::next_lease() {
  const Context& context = co_await this_context();
  std::optional<Pass> pass = gate_.enter();
  if (!pass.has_value()) co_return detail::pool_closed();
  absl::StatusOr<Permit> permit = co_await slots_.acquire();
  if (gate_.is_closed()) co_return detail::pool_closed();
  if (!permit.ok()) co_return permit.status();
  while (!idle_.empty()) {
    Pooled candidate = std::move(idle_.back());
    idle_.pop_back();
    if (has_expired(candidate, loop_->now())) {
      ++stats_.expired;
      continue;
    }
    if (check_ != nullptr) {
      absl::Status healthy = co_await check_(*candidate.value);
      co_await or_return(context.status());  // it may be in the middle of an answer: let it go
      if (!healthy.ok()) {
        ++stats_.failed_checks;
        continue;
      }
    }
    co_return Lease<T>(*this, *std::move(pass), *std::move(permit), std::move(candidate));
  }
  Pooled made = co_await or_return(make());
  co_return Lease<T>(*this, *std::move(pass), *std::move(permit), std::move(made));
}

template <class T>
Task<absl::StatusOr<typename Pool<T>::Pooled>> Pool<T>::make() {
  Pooled pooled(open_);
  absl::StatusOr<T> value = co_await create_();
  if (!value.ok()) {
    ++stats_.create_failures;
    co_return value.status();
  }
  ++stats_.created;
  pooled.value.emplace(*std::move(value));
  pooled.idle_since = loop_->now();
  const double part = 1.0 - options_.lifetime_jitter * std::generate_canonical<double, 32>(random_);
  const auto lifetime = static_cast<double>(options_.max_lifetime.count()) * part;
  pooled.dies = saturating_add(pooled.idle_since, Duration(static_cast<Duration::rep>(lifetime)));
  co_return pooled;
}

template <class T>
void Pool<T>::take_back(Pooled pooled) {
  if (gate_.is_closed()) return;
  pooled.idle_since = loop_->now();
  if (has_expired(pooled, pooled.idle_since)) {
    ++stats_.expired;
    return;
  }
  idle_.push_back(std::move(pooled));
}

template <class T>
void Pool<T>::let_expired_go() {
  const TimePoint now = loop_->now();
  std::deque<Pooled> kept;
  for (Pooled& pooled : idle_) {
    // The minimum is kept open, if not for ever.
    const bool goes = now >= pooled.dies || (has_expired(pooled, now) && open_ > options_.min);
    if (goes) {
      ++stats_.expired;
      pooled.let_go();
    } else {
      kept.push_back(std::move(pooled));
    }
  }
  idle_ = std::move(kept);
}

template <class T>
Task<absl::Status> Pool<T>::fill_to_minimum() {
  while (open_ < options_.min) {
    const std::optional<Pass> pass = gate_.enter();
    const std::optional<Permit> permit = slots_.try_acquire();
    if (!pass.has_value() || !permit.has_value()) break;
    Pooled made = co_await or_return(make());
    take_back(std::move(made));
  }
  co_return absl::OkStatus();
}

template <class T>
Task<absl::Status> Pool<T>::maintain() {
  const Context& context = co_await this_context();
  loop_ = &context.loop();
  while (!gate_.is_closed()) {
    let_expired_go();
    // What cannot be made now is tried again next time; those who ask meanwhile are told why.
    (void)co_await timeout(options_.maintenance_period, fill_to_minimum());
    co_await or_return(co_await sleep(options_.maintenance_period));
  }
  co_return absl::OkStatus();
}

}  // namespace weir
