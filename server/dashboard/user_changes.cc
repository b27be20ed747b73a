// SPDX-License-Identifier: Apache-2.0
#include "server/dashboard/user_changes.h"

namespace weir::dashboard {

UserChanges::Subscription UserChanges::subscribe(std::int64_t user_id) {
  std::lock_guard lock(mutex_);
  auto found = subjects_.find(user_id);
  if (found == subjects_.end()) {
    Subject subject{watch::channel<std::int64_t>(0).first};
    found = subjects_.emplace(user_id, std::move(subject)).first;
  }
  ++found->second.subscriptions;
  return Subscription(*this, user_id, found->second.sender.subscribe());
}

void UserChanges::unsubscribe(std::int64_t user_id) {
  std::lock_guard lock(mutex_);
  const auto found = subjects_.find(user_id);
  if (--found->second.subscriptions == 0) subjects_.erase(found);
}

void UserChanges::on_batch(const users::EventBatch& batch) {
  std::lock_guard lock(mutex_);
  if (batch.after != upto_) {
    // Events were removed before they were read: anybody may have changed.
    for (auto& [user_id, subject] : subjects_) subject.sender.send(batch.after);
  }
  for (const users::UserEvent& event : batch.events) {
    const auto found = subjects_.find(event.user.id);
    if (found != subjects_.end()) found->second.sender.send(event.seq);
  }
  upto_ = batch.upto;
}

}  // namespace weir::dashboard
