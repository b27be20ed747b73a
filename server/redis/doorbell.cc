// SPDX-License-Identifier: Apache-2.0
#include "server/redis/doorbell.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace weir::redis {

Doorbell::Doorbell() : eventfd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

void Doorbell::quieten() {
  std::uint64_t ignored = 0;
  [[maybe_unused]] const ssize_t bytes = ::read(fd(), &ignored, sizeof(ignored));
}

void Doorbell::ring_if_asleep() {
  if (!is_asleep_.exchange(false, std::memory_order_relaxed)) return;
  const std::uint64_t one = 1;
  // It can only fail when the counter is full, and then the thread is awake.
  [[maybe_unused]] const ssize_t written = ::write(fd(), &one, sizeof(one));
}

void Doorbell::ring_after_turn(EventLoop& loop) {
  for (const auto& errand : errands_) {
    if (&errand->loop() == &loop) return errand->post_once(shared_from_this());
  }
  errands_.push_back(std::make_unique<Errand>(loop));
  errands_.back()->post_once(shared_from_this());
}

void Doorbell::Errand::post_once(std::shared_ptr<Doorbell> bell) {
  if (bell_ != nullptr) return;
  bell_ = std::move(bell);
  loop_.post(*this);
}

void Doorbell::Errand::run() {
  const std::shared_ptr<Doorbell> bell = std::move(bell_);  // may own this
  bell->ring_if_asleep();
}

}  // namespace weir::redis
