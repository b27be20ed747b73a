// SPDX-License-Identifier: Apache-2.0
#pragma once

// BlockingPool and spawn_blocking: run a function that blocks or computes for long on a thread that
// may, and await its result. Tokio: task::spawn_blocking, with a pool of a bounded size and queue.
//
//     absl::StatusOr<std::string> hash = co_await spawn_blocking(pool, [password] { ... });
//
// The function returns any type R, or StatusOr/Status, which are passed on; the await yields
// StatusOr. UNAVAILABLE, at once, if the queue is full; CANCELLED or DEADLINE_EXCEEDED when the
// task is told to stop: a function that has not begun never will; one that has begun runs on, and
// its result is dropped (as in Tokio). So it must own what it uses, never refer to the caller's
// frame. An exception comes out of the co_await.
//
// | Tokio                                        | here                                         |
// | blocking tasks "cannot be aborted", unless   | the same, but the await ends at once, so a   |
// |  they have not begun                         |  deadline holds                              |
//
// First in, first out. The function sees what was done before the await, and whoever awaited it all
// that the function did.
//
// Thread: any. The destructor runs what is queued and waits for it. One allocation a job. A thread
// that has done a job looks for the next for 10 us before it sleeps, one thread at a time.

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "async/detail/waiter.h"

namespace weir {
namespace detail {

class BlockingJob;

}  // namespace detail

class BlockingPool {
 public:
  // `name` shows in debuggers and is cut to 15 characters. All threads start at once.
  BlockingPool(std::string name, std::size_t threads, std::size_t max_queued);
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  struct Stats {
    std::uint64_t begun = 0;     // jobs
    std::uint64_t rejected = 0;  // queue full
    Duration queued{};           // how long the begun ones were, together
    Duration ran{};              // how long those that have ended took, together
  };
  Stats stats() const;
  std::size_t threads() const { return threads_.size(); }
  std::size_t queued() const;
  std::size_t running() const;

  // For spawn_blocking. False if the queue is full.
  bool submit(std::shared_ptr<detail::BlockingJob> job);
  // Takes a job that has not begun out of the queue.
  void forget(const detail::BlockingJob& job);

 private:
  void work();
  void spin_for_work(std::unique_lock<std::mutex>& lock);

  const std::size_t max_queued_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  struct Queued {
    std::shared_ptr<detail::BlockingJob> job;
    TimePoint since;
  };
  std::deque<Queued> queue_;
  std::atomic<bool> has_queued_ = false;  // written with the lock held
  bool is_spinning_ = false;              // one of the threads, and will look before it sleeps
  std::size_t running_ = 0;
  Stats stats_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

namespace detail {

template <class R>
struct BlockingResult {
  using type = absl::StatusOr<R>;
};
template <class R>
  requires kIsFallible<R>
struct BlockingResult<R> {
  using type = R;
};
template <>
struct BlockingResult<void> {
  using type = absl::Status;
};

class RunBlocking;

// Shared by the pool and the waiter, because a cancelled waiter leaves before the function returns.
class BlockingJob {
 public:
  virtual ~BlockingJob() = default;

  // On the pool's thread, one after the other.
  void run_and_catch();
  void report();

 protected:
  virtual void run() = 0;
  std::exception_ptr exception_;

 private:
  friend class RunBlocking;
  std::mutex mutex_;
  RunBlocking* waiter_ = nullptr;
};

class RunBlocking : Waiter {
 public:
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    status_ = self.promise().context().status();
    if (!status_.ok()) return false;
    began(self, "spawn_blocking", where_);
    if (!submit()) return false;
    self.promise().context().loop().outside_work_began();
    suspended_ = true;
    watch_cancellation();
    return true;
  }

 protected:
  RunBlocking(BlockingPool& pool, std::source_location where) : pool_(pool), where_(where) {}
  ~RunBlocking() = default;

  // OK if the job ran to its end.
  absl::Status finish();
  std::shared_ptr<BlockingJob> job_;

 private:
  friend class BlockingJob;
  bool submit();
  void on_cancel(CancelReason reason) override;

  BlockingPool& pool_;
  const std::source_location where_;
  absl::Status status_;
  bool suspended_ = false;
};

template <class F>
class SpawnBlocking final : RunBlocking {
  using Result = typename BlockingResult<std::invoke_result_t<F&>>::type;

 public:
  SpawnBlocking(BlockingPool& pool, F fn, std::source_location where) : RunBlocking(pool, where) {
    job_ = std::make_shared<Job>(std::move(fn));
  }

  using RunBlocking::await_ready;
  using RunBlocking::await_suspend;
  Result await_resume() {
    absl::Status status = finish();
    if (!status.ok()) return status;
    return static_cast<Job&>(*job_).take();
  }

 private:
  class Job final : public BlockingJob {
   public:
    explicit Job(F fn) : fn_(std::move(fn)) {}
    Result take() {
      // Given away, so that it is not the pool's thread that destroys what the caller may look at.
      if (exception_) std::rethrow_exception(std::exchange(exception_, nullptr));
      return *std::move(result_);
    }

   private:
    void run() override {
      F fn = *std::move(fn_);  // what it holds is let go before the answer, also if it throws
      fn_.reset();
      if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
        fn();
        result_.emplace();
      } else {
        result_.emplace(fn());
      }
    }
    std::optional<F> fn_;
    std::optional<Result> result_;
  };
};

}  // namespace detail

template <class F>
[[nodiscard]] auto spawn_blocking(BlockingPool& pool, F fn,
                                  std::source_location where = std::source_location::current()) {
  return detail::SpawnBlocking<F>(pool, std::move(fn), where);
}

}  // namespace weir
