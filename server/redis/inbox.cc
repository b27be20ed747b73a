// SPDX-License-Identifier: Apache-2.0
#include "server/redis/inbox.h"

#include <utility>

namespace weir::redis {

Inbox::Inbox(const Breaker& breaker, Doorbell& doorbell, std::size_t max_commands,
             std::size_t max_bytes)
    : breaker_(breaker), doorbell_(doorbell), max_commands_(max_commands), max_bytes_(max_bytes) {}

absl::Status Inbox::submit(Command& command) {
  const char* why = nullptr;
  if (!breaker_.admits()) {
    why = "Redis is unavailable";
  } else {
    std::lock_guard lock(mutex_);
    if (is_closed()) {
      why = "the Redis client is closed";
    } else if (in_flight_ >= max_commands_ || bytes_ >= max_bytes_) {
      why = "too much is waiting for Redis";
    } else {
      ++in_flight_;
      bytes_ += command.request_.bytes().size();
      commands_.push_back(command);
      accepted_.store(accepted() + 1, std::memory_order_relaxed);
      if (doorbell_.is_asleep()) doorbell_.ring_after_turn(command.context().loop());
      return absl::OkStatus();
    }
  }
  refused_.fetch_add(1, std::memory_order_relaxed);
  return absl::UnavailableError(why);
}

void Inbox::request_cancel(Command& command, CancelReason reason) {
  std::lock_guard lock(mutex_);
  if (command.completed_) return;
  command.cancel_reason_ = reason;
  cancels_.push_back(command);
  doorbell_.ring_if_asleep();
}

void Inbox::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  doorbell_.ring_if_asleep();
}

void Inbox::take(CommandList& commands, CancelList& cancels) {
  std::lock_guard lock(mutex_);
  doorbell_.set_asleep(false);
  commands.append(commands_);
  cancels.append(cancels_);
}

bool Inbox::may_sleep() {
  std::lock_guard lock(mutex_);
  const bool is_idle = commands_.empty() && cancels_.empty() && !is_closed();
  doorbell_.set_asleep(is_idle);
  return is_idle;
}

void Inbox::complete(std::vector<Command*>& settled) {
  if (settled.empty()) return;
  {
    std::lock_guard lock(mutex_);
    for (Command* command : settled) {
      command->completed_ = true;
      // It was told to stop after this turn took the requests: too late, and not to be found later.
      if (static_cast<weir::detail::ListHook<CancelRequests>*>(command)->is_linked()) {
        cancels_.remove(*command);
      }
      --in_flight_;
      bytes_ -= command->request_.bytes().size();
    }
  }
  // Once posted a command is its coroutine's again, and may be gone.
  for (Command* command : settled) {
    batch_for(command->context().loop()).answered.push(*command);
  }
  for (Batch& batch : batches_) batch.loop->post_all(batch.answered);
  batches_.clear();  // the capacity stays; a loop may be gone by the next time
  settled.clear();
}

std::size_t Inbox::in_flight() const {
  std::lock_guard lock(mutex_);
  return in_flight_;
}

Inbox::Batch& Inbox::batch_for(EventLoop& loop) {
  for (Batch& batch : batches_) {
    if (batch.loop == &loop) return batch;
  }
  return batches_.emplace_back(Batch{&loop, {}});
}

}  // namespace weir::redis
