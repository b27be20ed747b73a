// SPDX-License-Identifier: Apache-2.0
#pragma once

// JoinSet<T>: tasks spawned as one goes, collected as they end. Tokio: tokio::task::JoinSet.
//
//     JoinSet<absl::StatusOr<User>> set(co_await this_task());
//     for (int64_t id : ids) set.spawn(users.find(id));
//     while (auto user = co_await set.join_next()) ...
//
// spawn(task) or spawn(fn, args...): the set owns the callable and the arguments, so a lambda
// coroutine's captures live as long as its task. A spawned task begins at the loop's next turn, on
// the same loop, below the spawner's cancellation. When it ends its frame goes at once, and with it
// every permit it was given; only its result stays. abort_all asks every task to stop; their
// results still come out of join_next (Tokio yields JoinError::cancelled).
//
// An error is never dropped in silence: one that nobody has joined when the set is destroyed is
// reported, see async/lost_error.h, where `report_errors` and `ignore_errors` are for tasks that
// nobody is going to join.
//
// Trap: a set must be empty when it is destroyed, because its tasks cannot be; where an early
// return can happen use with_scope, which waits on every path. A destroyed set that still has tasks
// ends the process with a message rather than corrupting it. Memory: a set holds finished results
// until they are joined; acquire a Semaphore's permit before spawning to bound it.
//
// | Tokio                                        | here                                         |
// | "When the JoinSet is dropped, all tasks in   | a set that is destroyed with tasks in it     |
// |  the JoinSet are immediately aborted."       |  ends the process; join them, or with_scope  |
//
// Thread: its loop's own. Allocates one block a task, from the recycled frames; a join_next that is
// waited for allocates nothing.

#include <coroutine>
#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "async/detail/intrusive_list.h"
#include "async/detail/spawned.h"
#include "async/lost_error.h"
#include "async/task.h"

namespace weir {
namespace detail {

// Reports the misuse and aborts.
[[noreturn]] void destroyed_with_running_tasks(const char* what, std::size_t running);

// A coroutine that owns what it calls, and goes by its name.
template <class F, class... Args>
auto call_owned(F fn, Args... args) -> std::invoke_result_t<F&, Args...> {
  auto call = fn(std::move(args)...);
  CurrentTask& self = co_await this_task();
  self.stand_for(call.coroutine().promise());
  co_return co_await std::move(call);
}

// What nobody joined: reports it, unless it answers the request to stop that `scope` has had.
void report_unjoined(const CancelScope& scope, const LostError& lost);

}  // namespace detail

template <class T>
class JoinSet {
 public:
  explicit JoinSet(CurrentTask& parent,
                   std::source_location where = std::source_location::current())
      : scope_(&parent.context().scope()),
        context_(parent.context().with_scope(scope_)),
        node_(where) {
    node_.link_below(parent, context_);
    turn_.what = "its turn";
    turn_.where = where;
  }
  ~JoinSet() {
    if (running_ > 0) detail::destroyed_with_running_tasks("JoinSet", running_);
    while (!done_.empty()) {
      const std::unique_ptr<Child> child(&done_.pop_front());
      if (child->failed()) detail::report_unjoined(scope_, child->lost(node_.function()));
    }
  }
  JoinSet(const JoinSet&) = delete;
  JoinSet& operator=(const JoinSet&) = delete;

  void spawn(Task<T> task) {
    auto* child = new Child(*this, std::move(task));
    ++running_;
    turn_.since = context_.loop().turn_time();
    child->node().set_wait(&turn_);
    context_.loop().post(*child);
  }
  template <class F, class... Args>
    requires std::is_invocable_r_v<Task<T>, F&, Args...>
  void spawn(F fn, Args... args) {
    spawn(detail::call_owned(std::move(fn), std::move(args)...));
  }

  // Running, and ended but not yet joined.
  std::size_t size() const { return running_ + finished_; }
  bool empty() const { return size() == 0; }

  // Asks every task to stop, those spawned later included. Does not wait: join what is left.
  void abort_all() { scope_.cancel(); }

  class JoinNext;
  // The result of a task that has ended, in the order of the ends; nullopt when the set is empty.
  // Throws what the task threw. Does not end early when the caller is cancelled: the tasks are
  // cancelled with it, and they end. One caller at a time.
  [[nodiscard]] JoinNext join_next(std::source_location where = std::source_location::current()) {
    return JoinNext(*this, where);
  }

 private:
  class Child final : public detail::Spawned<T>, public detail::ListHook<> {
   public:
    Child(JoinSet& set, Task<T> task) : detail::Spawned<T>(std::move(task)), set_(set) {
      this->link(set.context_, set.node_);
    }

    bool failed() const { return this->threw() || this->error() != nullptr; }
    LostError lost(std::source_location set) const {
      return {name_ != nullptr ? name_ : "", function_, set,
              this->threw() ? detail::status_of_exception(this->exception()) : *this->error()};
    }

    static void* operator new(std::size_t bytes) { return detail::allocate_frame(bytes); }
    static void operator delete(void* child, std::size_t bytes) {
      detail::free_frame(child, bytes);
    }

   private:
    void run() override {
      if (!begun_) {
        begun_ = true;
        this->node().set_wait(nullptr);
        this->begin();
      } else {
        this->reap();
        set_.ended(*this);
      }
    }
    std::coroutine_handle<> ended() noexcept override {
      name_ = this->node().name();
      function_ = this->node().function();
      set_.context_.loop().post(*this);
      return std::noop_coroutine();
    }

    JoinSet& set_;
    const char* name_ = nullptr;
    std::source_location function_;
    bool begun_ = false;
  };

  struct Node final : detail::TaskNode {
    using TaskNode::TaskNode;
  };

  void ended(Child& child) {
    --running_;
    ++finished_;
    done_.push_back(child);
    if (waiter_ != nullptr) std::exchange(waiter_, nullptr)->resume();
  }

  CancelScope scope_;
  const Context context_;
  Node node_;          // the children's parent in the task tree
  detail::Wait turn_;  // what those that have not begun await
  detail::IntrusiveList<Child> done_;
  std::size_t running_ = 0;
  std::size_t finished_ = 0;
  JoinNext* waiter_ = nullptr;
};

template <class T>
class JoinSet<T>::JoinNext {
 public:
  JoinNext(JoinSet& set, std::source_location where) : set_(set) {
    wait_.what = "join_next";
    wait_.where = where;
  }

  bool await_ready() const noexcept { return set_.finished_ > 0 || set_.running_ == 0; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) noexcept {
    self_ = self;
    promise_ = &self.promise();
    wait_.since = promise_->context().loop().turn_time();
    promise_->set_wait(&wait_);
    set_.waiter_ = this;
  }
  std::optional<detail::NonVoid<T>> await_resume() {
    if (promise_ != nullptr) promise_->set_wait(nullptr);
    if (set_.finished_ == 0) return std::nullopt;
    --set_.finished_;
    const std::unique_ptr<Child> child(&set_.done_.pop_front());
    return child->take();
  }

 private:
  friend JoinSet;
  void resume() {
    promise_->now_runs();
    self_.resume();
  }

  JoinSet& set_;
  std::coroutine_handle<> self_;
  detail::PromiseBase* promise_ = nullptr;
  detail::Wait wait_;
};

}  // namespace weir
