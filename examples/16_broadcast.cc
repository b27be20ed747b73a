// SPDX-License-Identifier: Apache-2.0
// Everybody gets everything; whoever is too slow is told how much it missed.
// Tokio: tokio::sync::broadcast, RecvError::Lagged.
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "async/broadcast.h"
#include "async/join.h"
#include "async/sleep.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

Task<std::string> follow(broadcast::Receiver<int> events, Duration takes) {
  std::vector<std::string> seen;
  for (;;) {
    const absl::StatusOr<int> event = co_await events.recv();
    if (event.ok()) {
      seen.push_back(std::to_string(*event));
      (void)co_await sleep(takes);
    } else if (absl::IsDataLoss(event.status())) {
      seen.push_back("(missed " + std::to_string(events.missed()) + ")");
    } else {
      co_return absl::StrJoin(seen, " ");  // ABORTED: the senders are gone
    }
  }
}

Task<void> publish(broadcast::Sender<int> sender) {
  for (int event = 1; event <= 5; ++event) {
    sender.send(event);  // never waits, however slow they are
    (void)co_await sleep(1ms);
  }
}

}  // namespace

Task<void> example_16_broadcast(std::ostream& out) {
  auto [sender, first] = broadcast::channel<int>(2);  // keeps the last two for each
  broadcast::Receiver<int> second = sender.subscribe();
  const auto [quick, slow, sent] = co_await join(
      follow(std::move(first), 0ms), follow(std::move(second), 50ms), publish(std::move(sender)));
  out << "quick: " << quick << "\n";
  out << "slow:  " << slow << "\n";
}

}  // namespace weir::examples

// Output:
// quick: 1 2 3 4 5
// slow:  1 (missed 2) 4 5
