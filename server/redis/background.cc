// SPDX-License-Identifier: Apache-2.0
#include "server/redis/background.h"

#include <utility>

#include "async/detail/root.h"
#include "async/join_set.h"
#include "async/shielded.h"

namespace weir::redis {

namespace {

Task<void> received(oneshot::Receiver<bool> receiver) { (void)co_await receiver.receive(); }

}  // namespace

class Background::Job final : public weir::detail::Root, public Runnable {
 public:
  Job(Background& owner, EventLoop& loop, CancelScope& scope)
      : owner_(owner), context_(loop, scope) {}

  void begin(Task<void> task) { start(context_, std::move(task)); }

 private:
  // The coroutine is still on the stack: its frame goes in the loop's next turn.
  void ended() noexcept override { context_.loop().post(*this); }
  void run() override {
    Background& owner = owner_;
    delete this;
    owner.one_less();
  }

  Background& owner_;
  const Context context_;
};

Background::~Background() {
  if (running_ > 0) weir::detail::destroyed_with_running_tasks("Background", running_);
}

void Background::spawn(EventLoop& loop, CancelScope& scope, Task<void> task) {
  {
    std::lock_guard lock(mutex_);
    ++running_;
  }
  (new Job(*this, loop, scope))->begin(std::move(task));
}

std::size_t Background::running() const {
  std::lock_guard lock(mutex_);
  return running_;
}

void Background::one_less() {
  std::vector<oneshot::Sender<bool>> idle;
  {
    std::lock_guard lock(mutex_);
    if (--running_ > 0) return;
    idle = std::exchange(waiting_for_idle_, {});
  }
  // Whoever is told may destroy this object.
  for (oneshot::Sender<bool>& waiting : idle) waiting.send(true);
}

Task<void> Background::drain() {
  auto [sender, receiver] = oneshot::channel<bool>();
  {
    std::lock_guard lock(mutex_);
    if (running_ == 0) co_return;
    waiting_for_idle_.push_back(std::move(sender));
  }
  co_await shielded(received(std::move(receiver)));
}

}  // namespace weir::redis
