// SPDX-License-Identifier: Apache-2.0
#include "async/detail/task_node.h"

namespace weir::detail {

void TaskNode::unlink() {
  if (head_ == nullptr) return;
  (prev_ != nullptr ? prev_->next_ : *head_) = next_;
  if (next_ != nullptr) next_->prev_ = prev_;
  head_ = nullptr;
}

void TaskNode::unlink_children() {
  while (first_child_ != nullptr) first_child_->unlink();
}

}  // namespace weir::detail
