// SPDX-License-Identifier: Apache-2.0
#pragma once

// What buffered, buffer_unordered and merge share: tasks of a TaskScope that work ahead of a
// stream's reader, and the bounded queue between them.
//
// The tasks run below one driver, spawned in the scope at the first next(). The stream holds one
// end of the queue, the driver the other; whoever goes last frees it. When the stream goes, the
// driver is told to stop and the scope waits for it, so a stream may be destroyed at any time.
//
// Thread: the loop of the scope.

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

#include "async/detail/stream_items.h"
#include "async/detail/under.h"
#include "async/semaphore.h"
#include "async/stream.h"
#include "async/with_scope.h"

namespace weir::detail {

// Items on their way and items that wait to be read: together no more than `limit`, because each
// holds a permit of `room`.
template <class T>
class AheadQueue {
 public:
  explicit AheadQueue(std::size_t limit) : room(limit) {}

  // A place in the order of reading, for an item that is still to come.
  std::size_t reserve(Permit permit) {
    slots_.push_back(Slot{std::nullopt, std::move(permit)});
    return first_ + slots_.size() - 1;
  }
  template <class U>
  void put(std::size_t place, U&& item) {
    slots_[place - first_].item.emplace(std::forward<U>(item));
    for (; told_ < slots_.size() && slots_[told_].item.has_value(); ++told_) ready.add_permits(1);
  }
  template <class U>
  void push(Permit permit, U&& item) {
    put(reserve(std::move(permit)), std::forward<U>(item));
  }
  // Nothing will come any more. An error is the last item.
  void end(absl::Status why) {
    if (!why.ok()) push(Permit(), std::move(why));
    ready.add_permits(1);
  }

  // After a permit of `ready`: the next item, or nullopt at the end.
  std::optional<T> pop() {
    if (slots_.empty()) return std::nullopt;
    std::optional<T> item = std::move(slots_.front().item);
    slots_.pop_front();
    ++first_;
    --told_;
    return item;
  }

  Semaphore room;
  Semaphore ready{0};
  CancelScope reader_gone;

 private:
  struct Slot {
    std::optional<T> item;
    Permit room;
  };
  std::deque<Slot> slots_;
  std::size_t first_ = 0;  // the place of the front
  std::size_t told_ = 0;   // how many from the front the reader was told of
};

// Cancels one scope when another is, which is not its parent.
class CancelWith final : CancelCallback {
 public:
  CancelWith(CancelScope& source, CancelScope& target) : source_(source), target_(target) {
    source_.add(*this);
  }
  ~CancelWith() { source_.remove(*this); }

 private:
  // As a child would be: `target` is below `source` too, so the locks keep their order.
  void on_cancel(CancelReason reason) override { target_.cancel(reason); }

  CancelScope& source_;
  CancelScope& target_;
};

// Runs `produce(queue, tasks)`, whose tasks end before it does, until the reader goes.
template <class Queue, class Produce>
Task<void> drive(std::shared_ptr<Queue> queue, Produce produce) {
  const Context& outer = co_await this_context();
  CancelScope stop(&outer.scope());
  const CancelWith reader_gone(queue->reader_gone, stop);
  const Context inner = outer.with_scope(stop);
  auto body = [&](TaskScope& tasks) -> Task<absl::Status> { return produce(*queue, tasks); };
  Under<absl::Status> run(inner, with_scope(body));
  queue->end(co_await run);
}

// The reader's end. A cancelled wait is an item, and no other is lost by it; the next one goes on,
// unless that reader was told to stop too.
template <class T, class Produce>
Stream<T> read_ahead(TaskScope& scope, std::size_t limit, Produce produce) {
  using Queue = AheadQueue<T>;
  struct StopWhenGone {
    ~StopWhenGone() { queue->reader_gone.cancel(); }
    std::shared_ptr<Queue> queue;
  };
  auto queue = std::make_shared<Queue>(limit);
  const StopWhenGone stop_when_gone(queue);
  scope.spawn(drive(queue, std::move(produce)));
  for (;;) {
    absl::StatusOr<Permit> ready = co_await queue->ready.acquire();
    if (!ready.ok()) {
      co_yield ready.status();
      const absl::Status told = co_await own_status();
      if (!told.ok()) co_return;
      continue;
    }
    ready->forget();
    std::optional<T> item = queue->pop();
    if (!item.has_value()) co_return;
    co_yield *std::move(item);
  }
}

}  // namespace weir::detail
