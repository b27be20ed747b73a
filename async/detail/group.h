// SPDX-License-Identifier: Apache-2.0
#pragma once

// Group: the common part of join, try_join and select, and of their forms over a range: tasks
// started side by side below one parent, which is resumed when the last of them has ended.

#include <coroutine>
#include <cstddef>
#include <deque>
#include <tuple>
#include <utility>
#include <vector>

#include "async/detail/spawned.h"

namespace weir::detail {

class Group {
 public:
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

 protected:
  template <class T>
  struct MemberOf {
    Group& group;
    Task<T> task;
  };

  template <class T>
  class Member final : public Spawned<T> {
   public:
    // NOLINTNEXTLINE(google-explicit-constructor): std::tuple converts.
    Member(MemberOf<T> init) : Spawned<T>(std::move(init.task)), group_(init.group) {}

    void start_in(const Context& context, TaskNode& parent) {
      loop_ = &context.loop();
      this->link(context, parent);
      this->begin();
      is_starting_ = false;
      if (!has_ended_) return;
      this->reap();
      (void)group_.one_less();  // not the last: the group has not started yet
    }

   private:
    // What it holds, parameters included, must not wait for the others: it may be a channel's end,
    // or the very permit, that another member waits for. Only the last may leave it to the parent.
    std::coroutine_handle<> ended() noexcept override {
      group_.member_ended(*this);
      has_ended_ = true;
      if (is_starting_) return std::noop_coroutine();
      if (group_.is_last() && !this->ended_early()) return group_.one_less();
      loop_->post(*this);
      return std::noop_coroutine();
    }
    void run() override {
      this->reap();
      group_.one_less().resume();
    }

    Group& group_;
    EventLoop* loop_ = nullptr;
    bool is_starting_ = true;
    bool has_ended_ = false;
  };

  Group() = default;
  ~Group() = default;

  // Called at each end, in the order of the ends, before the parent is resumed.
  virtual void member_ended(Runnable& /*member*/) noexcept {}

  // Those that have not started by then never do.
  virtual bool is_decided() const noexcept { return false; }

  // Starts the members, in order. Returns whom to resume.
  template <class Promise, class StartAll>
  std::coroutine_handle<> start(std::coroutine_handle<Promise> parent, StartAll start_all) {
    parent_ = parent;
    parent_promise_ = &parent.promise();
    running_ = 1;  // this function itself, so that the parent is not resumed below it
    start_all();
    return one_less();
  }

  template <class M>
  void start_one(M& member, const Context& context, TaskNode& parent) {
    if (is_decided()) return;
    ++running_;
    member.start_in(context, parent);
  }

 private:
  bool is_last() const { return running_ == 1; }
  std::coroutine_handle<> one_less() noexcept {
    if (--running_ > 0) return std::noop_coroutine();
    parent_promise_->now_runs();
    return parent_;
  }

  std::coroutine_handle<> parent_;
  const PromiseBase* parent_promise_ = nullptr;
  std::size_t running_ = 0;
};

// A group of tasks of different types.
template <class... Ts>
class TupleGroup : public Group {
 protected:
  explicit TupleGroup(Task<Ts>... tasks) : members_(MemberOf<Ts>{*this, std::move(tasks)}...) {}

  // Starts the members in order, from the one at `first` on and then those before it.
  template <class Promise>
  std::coroutine_handle<> start_under(std::coroutine_handle<Promise> parent, const Context& context,
                                      std::size_t first = 0) {
    const auto start_if = [&](bool wanted, auto& member) {
      if (wanted) start_one(member, context, parent.promise());
    };
    return start(parent, [&] {
      for_each_member([&](auto& member, auto index) { start_if(index() >= first, member); });
      for_each_member([&](auto& member, auto index) { start_if(index() < first, member); });
    });
  }

  // Calls visit(member, index constant) for each.
  template <class Visit>
  void for_each_member(Visit visit) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (visit(std::get<I>(members_), std::integral_constant<std::size_t, I>()), ...);
    }(std::index_sequence_for<Ts...>());
  }

  std::tuple<Member<Ts>...> members_;
};

// A group of tasks of one type.
template <class T>
class RangeGroup : public Group {
 protected:
  explicit RangeGroup(std::vector<Task<T>> tasks) {
    for (Task<T>& task : tasks) members_.emplace_back(MemberOf<T>{*this, std::move(task)});
  }

  template <class Promise>
  std::coroutine_handle<> start_under(std::coroutine_handle<Promise> parent,
                                      const Context& context) {
    return start(parent, [&] {
      for (Member<T>& member : members_) start_one(member, context, parent.promise());
    });
  }

  std::deque<Member<T>> members_;
};

}  // namespace weir::detail
