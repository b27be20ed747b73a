// SPDX-License-Identifier: Apache-2.0
// Something may have happened: look again. A queue of one's own, and a change that all wait for.
// Tokio: tokio::sync::Notify; the queue is the one in its documentation.
#include <deque>
#include <ostream>

#include "async/join.h"
#include "async/notify.h"
#include "async/or_return.h"
#include "async/sleep.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

class Queue {
 public:
  void push(int value) {
    values_.push_back(value);
    changed_.notify_one();  // the one that waits longest, or the next that is going to wait
  }
  Task<absl::StatusOr<int>> pop() {
    while (values_.empty()) co_await or_return(co_await changed_.notified());
    const int value = values_.front();
    values_.pop_front();
    co_return value;
  }

 private:
  std::deque<int> values_;  // one loop is one thread: no lock
  Notify changed_;
};

Task<void> produce(Queue& queue) {
  for (int value = 1; value <= 3; ++value) {
    (void)co_await sleep(1ms);
    queue.push(value);
  }
}

Task<absl::StatusOr<int>> sum_of(Queue& queue, int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) sum += co_await or_return(queue.pop());
  co_return sum;
}

// notify_waiters is not remembered, so begin to listen before you look.
Task<absl::Status> wait_until_open(const bool& open, Notify& opened) {
  auto listening = opened.notified();
  if (open) co_return absl::OkStatus();
  co_return co_await listening;
}

Task<void> open_to_all(bool& open, Notify& opened) {
  (void)co_await sleep(1ms);
  open = true;
  opened.notify_waiters();
}

}  // namespace

Task<void> example_37_notify(std::ostream& out) {
  Queue queue;
  const auto [sum, produced] = co_await join(sum_of(queue, 3), produce(queue));
  out << "sum " << sum.value_or(0) << "\n";

  bool open = false;
  Notify opened;
  const auto [one, other, done] = co_await join(
      wait_until_open(open, opened), wait_until_open(open, opened), open_to_all(open, opened));
  const absl::Status late = co_await wait_until_open(open, opened);
  out << one << " " << other << " " << late << "\n";
}

}  // namespace weir::examples

// Output:
// sum 6
// OK OK OK
