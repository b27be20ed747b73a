// SPDX-License-Identifier: Apache-2.0
// The latest value of something, for all who care. What came in between is skipped.
// Tokio: tokio::sync::watch.
#include <ostream>
#include <string>
#include <utility>

#include "async/join.h"
#include "async/or_return.h"
#include "async/sleep.h"
#include "async/watch.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

Task<absl::Status> log_levels(watch::Receiver<std::string> level, std::ostream& out) {
  for (;;) {
    const absl::Status changed = co_await level.changed();     // the first at once
    if (absl::IsAborted(changed)) co_return absl::OkStatus();  // the sender is gone
    co_await or_return(changed);
    out << "the level is " << level.get() << "\n";
  }
}

Task<void> reload(watch::Sender<std::string> level) {
  (void)co_await sleep(10ms);
  level.send("trace");  // nobody sees this one: it is replaced before anybody looks
  level.send("debug");
  (void)co_await sleep(10ms);
}

// A state is waited for without a loop.
Task<absl::Status> wait_for_debug(watch::Receiver<std::string> level, std::ostream& out) {
  co_await or_return(level.wait_for([](const std::string& one) { return one == "debug"; }));
  (void)co_await sleep(1ms);
  out << "now I look closely\n";
  co_return absl::OkStatus();
}

}  // namespace

Task<void> example_17_watch(std::ostream& out) {
  auto [sender, receiver] = watch::channel(std::string("info"));
  watch::Receiver<std::string> other = sender.subscribe();
  const auto [logged, waited, reloaded] =
      co_await join(log_levels(std::move(receiver), out), wait_for_debug(std::move(other), out),
                    reload(std::move(sender)));
  out << logged << " " << waited << "\n";
}

}  // namespace weir::examples

// Output:
// the level is info
// the level is debug
// now I look closely
// OK OK
