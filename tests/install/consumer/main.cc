// SPDX-License-Identifier: Apache-2.0
// A program of somebody else's, which has the installed library and nothing else of this
// repository.
#include <iostream>

#include "async/join_set.h"
#include "async/sleep.h"
#include "async/thread_loop.h"
#include "async/timeout.h"

namespace {

using namespace std::chrono_literals;

weir::Task<absl::StatusOr<int>> answer() {
  const absl::Status slept = co_await weir::sleep(1ms);
  if (!slept.ok()) co_return slept;
  co_return 1;
}

weir::Task<int> count_answers() {
  weir::JoinSet<absl::StatusOr<int>> set(co_await weir::this_task());
  for (int i = 0; i < 3; ++i) set.spawn(weir::timeout(10s, answer()));
  int count = 0;
  while (const auto one = co_await set.join_next()) count += one->value_or(0);
  co_return count;
}

}  // namespace

int main() {
  weir::ThreadLoop loop;
  std::cout << loop.run(count_answers()) << " answers\n";
}
