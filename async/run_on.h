// SPDX-License-Identifier: Apache-2.0
#pragma once

// run_on: run a task on another loop and await its result here. Tokio: Handle::spawn and the await
// of its JoinHandle; there the scheduler moves tasks, here you do.
//
//     absl::StatusOr<User> user = co_await run_on(loop, [id] { return find(id); });
//
// `fn` is called on the other loop's thread, with the arguments, and returns the Task. It and they
// are owned until the task has ended. The task sees this one's deadline and span and is cancelled
// with it; cancelled or not it is awaited, as any task, so what outlives the await may be referred
// to: it is the threads that want care. Its frame is born and destroyed over there; the result, or
// the exception, moves back. Two posts and no lock but the inboxes'.
//
// Thread: call it on a loop, the same one if you like. Trap: the other loop must run until the
// answer is here.

#include <coroutine>
#include <exception>
#include <functional>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

#include "async/detail/root.h"
#include "async/detail/spawned.h"
#include "async/detail/waiter.h"

namespace weir {
namespace detail {

// The part that does not know the type of the result.
class RunOnBase : Waiter {
 public:
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) {
    began(self, "run_on", where_);
    const Context& here = context();
    scope_.emplace(&here.scope());
    there_.emplace(loop_, *scope_, here.deadline(), here.span());
    here.loop().outside_work_began();
    loop_.post(remote_);
  }

 protected:
  RunOnBase(EventLoop& loop, std::source_location where)
      : loop_(loop), where_(where), remote_(*this) {}
  ~RunOnBase() = default;

  // On the other loop: the task to run.
  virtual Task<void> make_task() = 0;
  // Here, at the end. Throws what the task threw.
  void finish() {
    context().loop().outside_work_ended();
    ended();
    scope_.reset();
    if (exception_) std::rethrow_exception(std::exchange(exception_, nullptr));
  }

 private:
  // Posted to the other loop twice: to begin, and to destroy the frame once the task has stopped.
  class Remote final : public Runnable {
   public:
    explicit Remote(RunOnBase& call) : call_(call) {}
    void run() override;

   private:
    class Run final : public Root {
     public:
      explicit Run(Remote& remote) : remote_(remote) {}

     private:
      void ended() noexcept override { remote_.call_.loop_.post(remote_); }
      Remote& remote_;
    };

    RunOnBase& call_;
    std::optional<Run> run_;
  };

  void on_cancel(CancelReason) override {}  // the task's scope is told, and the task answers

  EventLoop& loop_;
  const std::source_location where_;
  std::optional<CancelScope> scope_;
  std::optional<Context> there_;
  std::exception_ptr exception_;
  Remote remote_;
};

template <class T, class F>
class RunOn final : public RunOnBase {
 public:
  RunOn(EventLoop& loop, F& fn, std::source_location where) : RunOnBase(loop, where), fn_(fn) {}

  T await_resume() {
    finish();
    if constexpr (!std::is_void_v<T>) return *std::move(result_);
  }

 private:
  Task<void> make_task() override { return run(fn_, result_); }
  static Task<void> run(F& fn, std::optional<NonVoid<T>>& result) {
    if constexpr (std::is_void_v<T>) {
      co_await fn();
      result.emplace();
    } else {
      result.emplace(co_await fn());
    }
  }

  F& fn_;
  std::optional<NonVoid<T>> result_;
};

}  // namespace detail

template <class F, class T = typename std::invoke_result_t<F&>::value_type>
Task<T> run_on(EventLoop& loop, F fn,
               std::source_location where = std::source_location::current()) {
  detail::RunOn<T, F> call(loop, fn, where);
  co_return co_await call;
}

}  // namespace weir
