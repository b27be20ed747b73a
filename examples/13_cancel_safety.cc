// SPDX-License-Identifier: Apache-2.0
// What is lost when a waiting task is told to stop: nothing, unless the header says so.
// Tokio: cancel safety of select!, pin!(read) and select! over &mut read.
#include <ostream>
#include <string>
#include <utility>

#include "async/join.h"
#include "async/mpsc.h"
#include "async/or_return.h"
#include "async/select.h"
#include "async/sleep.h"
#include "async/stream/merge.h"
#include "async/stream/receiver_stream.h"
#include "async/with_scope.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

Task<absl::StatusOr<int>> next_of(mpsc::Receiver<int>& receiver) {
  co_return co_await receiver.recv();
}
Task<absl::Status> patience(Duration time) { co_return co_await sleep(time); }

// A recv that loses a select leaves the value in the channel: look again as often as you like.
Task<int> sum_with_patience(mpsc::Receiver<int> receiver, std::ostream& out) {
  int sum = 0;
  for (;;) {
    const auto first = co_await select(next_of(receiver), patience(20ms));
    if (first.index() == 1) {
      out << "nothing for 20 ms\n";
      continue;
    }
    const absl::StatusOr<int>& value = std::get<0>(first);
    if (!value.ok()) co_return sum;  // the senders are gone
    sum += *value;
  }
}

Task<absl::Status> send_slowly(mpsc::Sender<int> sender, int from, int to, Duration pause) {
  for (int value = from; value <= to; ++value) {
    co_await or_return(co_await sleep(pause));
    co_await or_return(co_await sender.send(value));
  }
  co_return absl::OkStatus();
}

// A step that was half done when it was stopped is lost. So do not stop it: read several sources
// with merge, where nobody is told to stop because another was quicker.
Task<absl::Status> sum_of_both(mpsc::Receiver<int> left, mpsc::Receiver<int> right, int& sum) {
  co_return co_await with_scope([&](TaskScope& scope) -> Task<absl::Status> {
    auto both = merge(scope, receiver_stream(std::move(left)), receiver_stream(std::move(right)));
    while (const std::optional<int> value = co_await or_return(try_next(both))) sum += *value;
    co_return absl::OkStatus();
  });
}

}  // namespace

Task<void> example_13_cancel_safety(std::ostream& out) {
  auto [sender, receiver] = mpsc::channel<int>(1);
  const auto [sum, sent] = co_await join(sum_with_patience(std::move(receiver), out),
                                         send_slowly(std::move(sender), 1, 3, 35ms));
  out << "sum: " << sum << "\n";

  auto [left_sender, left] = mpsc::channel<int>(1);
  auto [right_sender, right] = mpsc::channel<int>(1);
  int both = 0;
  (void)co_await join(sum_of_both(std::move(left), std::move(right), both),
                      send_slowly(std::move(left_sender), 1, 3, 5ms),
                      send_slowly(std::move(right_sender), 10, 12, 7ms));
  out << "sum of both: " << both << "\n";
}

}  // namespace weir::examples

// Output:
// nothing for 20 ms
// nothing for 20 ms
// nothing for 20 ms
// sum: 6
// sum of both: 39
