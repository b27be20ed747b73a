// SPDX-License-Identifier: Apache-2.0
#pragma once

// The awaitable behind Pool::transact and Pool::query: a job with one waiter.

#include <concepts>
#include <coroutine>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

#include "async/detail/waiter.h"
#include "server/postgres/connection.h"
#include "server/postgres/job.h"
#include "server/postgres/transaction.h"

namespace weir::postgres::detail {

class Engine;
class AwaitWork;

// How a unit of work touches the database. Statements alone: no BEGIN, each its own transaction.
enum class Mode : unsigned char { kStatements, kTransaction };

class UnitOfWork : public Job {
 public:
  void answer(const absl::Status& status) final;
  TimePoint deadline() const final { return deadline_; }

 private:
  friend class AwaitWork;
  TimePoint deadline_ = kForever;
  std::mutex mutex_;
  AwaitWork* waiter_ = nullptr;
};

// Waits for a UnitOfWork, in the frame of the coroutine that awaits it.
class AwaitWork : weir::detail::Waiter {
 public:
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    status_ = self.promise().context().status();
    if (!status_.ok()) return false;
    began(self, what_, where_);
    if (context().span() != nullptr) begin_span();
    if (!submit()) return false;
    self.promise().context().loop().outside_work_began();
    suspended_ = true;
    watch_cancellation();
    return true;
  }

 protected:
  AwaitWork(Engine& engine, const char* what, std::source_location where)
      : engine_(engine), what_(what), where_(where) {}
  ~AwaitWork() = default;

  // OK if the work ran to its end and was committed.
  absl::Status finish();
  std::shared_ptr<UnitOfWork> work_;

 private:
  friend class UnitOfWork;
  void begin_span();
  bool submit();
  void on_cancel(CancelReason reason) override;

  Engine& engine_;
  const char* const what_;
  const std::source_location where_;
  absl::Status status_;
  bool suspended_ = false;
  std::unique_ptr<Span> span_;  // if the trace is sampled
};

template <class F>
class Run final : AwaitWork {
  using Result = std::invoke_result_t<F&, Transaction&>;
  static_assert(weir::detail::kIsFallible<Result>, "the function returns StatusOr or Status");

 public:
  Run(Engine& engine, Mode mode, Isolation isolation, F fn, const char* what,
      std::source_location where)
      : AwaitWork(engine, what, where) {
    work_ = std::make_shared<Work>(mode, isolation, std::move(fn));
  }

  using AwaitWork::await_ready;
  using AwaitWork::await_suspend;
  Result await_resume() {
    absl::Status status = finish();
    if (!status.ok()) return status;
    return static_cast<Work&>(*work_).take();
  }

 private:
  class Work final : public UnitOfWork {
   public:
    Work(Mode mode, Isolation isolation, F fn)
        : mode_(mode), isolation_(isolation), fn_(std::move(fn)) {}
    Result take() { return *std::move(result_); }

   private:
    absl::Status run(Connection& connection) override {
      const auto body = [this](Transaction& transaction) -> absl::Status {
        result_.emplace(fn_(transaction));
        return weir::detail::status_of(*result_);
      };
      if (mode_ == Mode::kTransaction) {
        return connection.run_in_transaction(isolation_, body);
      }
      Transaction transaction(connection);
      return body(transaction);
    }

    const Mode mode_;
    const Isolation isolation_;
    F fn_;
    std::optional<Result> result_;
  };
};

}  // namespace weir::postgres::detail
