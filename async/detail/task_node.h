// SPDX-License-Identifier: Apache-2.0
#pragma once

// TaskNode: a coroutine's place in the live task tree. It is the base of every promise, and it
// costs an await a handful of stores.
//
// Thread: the loop's own, like the tasks.

#include <source_location>

#include "async/event_loop.h"

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

  // The coroutine's own function.
  const std::source_location& function() const { return function_; }
  // Null while it runs or awaits its children.
  const Wait* wait() const { return wait_; }
  void set_wait(const Wait* wait) { wait_ = wait; }

  TaskNode* first_child() const { return first_child_; }
  TaskNode* next_sibling() const { return next_; }

  void link_below(TaskNode& parent) { link(parent.first_child_); }
  void link_as_root(EventLoop& loop) { link(loop.roots_); }
  void unlink() {
    if (head_ == nullptr) return;
    (prev_ != nullptr ? prev_->next_ : *head_) = next_;
    if (next_ != nullptr) next_->prev_ = prev_;
    head_ = nullptr;
  }

 protected:
  ~TaskNode() {
    unlink();
    while (first_child_ != nullptr) first_child_->unlink();
  }

 private:
  void link(TaskNode*& head) {
    head_ = &head;
    prev_ = nullptr;
    next_ = head;
    if (next_ != nullptr) next_->prev_ = this;
    head = this;
  }

  std::source_location function_;
  const Wait* wait_ = nullptr;
  TaskNode* first_child_ = nullptr;
  TaskNode** head_ = nullptr;  // the list it is in
  TaskNode* prev_ = nullptr;
  TaskNode* next_ = nullptr;
};

}  // namespace weir::detail
