// SPDX-License-Identifier: Apache-2.0
// Several loops, each on a thread of its own, with names that debuggers show.
// Tokio: Builder::new_multi_thread().worker_threads(4).thread_name("api-worker").
#include <iostream>
#include <vector>

#include "async/join.h"
#include "async/run_on.h"
#include "async/runtime.h"

namespace {

using weir::EventLoop;
using weir::Runtime;
using weir::Task;

Task<int> square(int n) { co_return n* n; }

// A task stays on the loop that it is given to, so what it does between two awaits is never
// concurrent with anything else there, and needs no lock. Nobody steals work: give it out in turn.
Task<int> sum_of_squares(Runtime& runtime, int last) {
  std::vector<Task<int>> calls;
  for (int n = 1; n <= last; ++n) {
    EventLoop& loop = runtime.next_loop();
    calls.push_back(weir::run_on(loop, [n] { return square(n); }));
  }
  int sum = 0;
  for (const int one : co_await weir::join_all(std::move(calls))) sum += one;
  co_return sum;
}

Task<bool> runs_where_it_was_sent(Runtime& runtime) {
  EventLoop& second = runtime.loop(1);
  auto looks = [&second]() -> Task<bool> { co_return second.in_loop_thread(); };
  co_return co_await weir::run_on(second, looks);
}

Task<void> serve(Runtime& runtime) {
  std::cout << runtime.size() << " loops\n";
  std::cout << "sum of squares: " << co_await sum_of_squares(runtime, 10) << "\n";
  std::cout << "on loop 1: " << std::boolalpha << co_await runs_where_it_was_sent(runtime) << "\n";
}

}  // namespace

int main() {
  Runtime runtime("api-worker", 4);  // api-worker-0 ... api-worker-3
  runtime.block_on(serve(runtime));
}

// Output:
// 4 loops
// sum of squares: 385
// on loop 1: true
