// SPDX-License-Identifier: Apache-2.0
#pragma once

// TaskNode: a coroutine's place in the live task tree. It is the base of every promise, and it
// costs an await a handful of stores.
//
// Thread: the loop's own, like the tasks.

#include <source_location>

#include "async/event_loop.h"

namespace weir {
class Context;
}

namespace weir::detail {

// What a suspended task waits for. Lives in the leaf, which lives in the task's frame.
struct Wait {
  const char* what = "";
  std::source_location where;
  TimePoint since{};
};

class TaskNode {
 public:
  explicit TaskNode(std::source_location function) : function_(function) {}
  TaskNode(const TaskNode&) = delete;
  TaskNode& operator=(const TaskNode&) = delete;

  // The coroutine's own function, and what async/named.h called the task or the nearest above it,
  // or null.
  const std::source_location& function() const { return function_; }
  const char* name() const { return name_; }
  void set_name(const char* name) { name_ = name; }
  void take_name_of(const TaskNode& other) {
    function_ = other.function_;
    if (other.name_ != nullptr) name_ = other.name_;
  }

  // Null while it runs or awaits its children.
  const Wait* wait() const { return wait_; }
  void set_wait(const Wait* wait) { wait_ = wait; }

  // Null for a root.
  TaskNode* parent() const { return parent_; }
  // Of one that has its place in the tree.
  const Context& context() const { return *context_; }

  // The task that it awaits, and those that run beside it, newest first.
  TaskNode* awaited() const { return awaited_; }
  TaskNode* first_child() const { return first_child_; }
  TaskNode* next_sibling() const { return next_; }

  // `parent` awaits it, and nothing else until it has ended: that needs no list.
  void awaited_by(TaskNode& parent, const Context& context) {
    context_ = &context;
    parent_ = &parent;
    parent.awaited_ = this;
    take_name_of_parent();
  }
  void link_below(TaskNode& parent, const Context& context) {
    context_ = &context;
    parent_ = &parent;
    take_name_of_parent();
    link(parent.first_child_);
  }
  void link_as_root(EventLoop& loop, const Context& context) {
    context_ = &context;
    parent_ = nullptr;
    link(loop.roots_);
  }
  // It has ended.
  void is_awaited_no_more() { parent_->awaited_ = nullptr; }
  void unlink();

 protected:
  ~TaskNode() {
    if (head_ != nullptr) [[unlikely]]
      unlink();
    if (first_child_ != nullptr) [[unlikely]]
      unlink_children();
  }

 private:
  void unlink_children();
  void take_name_of_parent() {
    if (parent_->name_ != nullptr && name_ == nullptr) name_ = parent_->name_;
  }
  void link(TaskNode*& head) {
    head_ = &head;
    prev_ = nullptr;
    next_ = head;
    if (next_ != nullptr) next_->prev_ = this;
    head = this;
  }

  // Parent, context and neighbours mean nothing before it has a place. The first two are kept
  // apart: g++ stores neighbours as one vector, which the load of its half, at the end, has to wait
  // for.
  TaskNode* parent_;
  std::source_location function_;
  const Context* context_;
  const char* name_ = nullptr;
  const Wait* wait_ = nullptr;
  TaskNode* awaited_ = nullptr;
  TaskNode* first_child_ = nullptr;
  TaskNode** head_ = nullptr;  // the list it is in, if any
  TaskNode* prev_;
  TaskNode* next_;
};

}  // namespace weir::detail
