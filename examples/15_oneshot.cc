// SPDX-License-Identifier: Apache-2.0
// One value, once: an answer that another task, or another thread, owes.
// Tokio: tokio::sync::oneshot.
#include <ostream>
#include <string>
#include <utility>

#include "async/blocking_pool.h"
#include "async/oneshot.h"
#include "async/sleep.h"
#include "async/with_scope.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

Task<void> compute(oneshot::Sender<std::string> answer) {
  (void)co_await sleep(10ms);
  (void)answer.send("forty-two");  // false if nobody waits for it any more
}

Task<void> forget(oneshot::Sender<std::string> answer) {
  (void)co_await sleep(10ms);
  (void)answer;  // dropped unsent
}

}  // namespace

Task<void> example_15_oneshot(std::ostream& out) {
  const absl::Status ended = co_await with_scope([&](TaskScope& scope) -> Task<absl::Status> {
    auto [sender, receiver] = oneshot::channel<std::string>();
    scope.spawn(compute(std::move(sender)));
    out << (co_await receiver.receive()).value() << "\n";

    auto [dropped, none] = oneshot::channel<std::string>();
    scope.spawn(forget(std::move(dropped)));
    out << absl::StatusCodeToString((co_await none.receive()).status().code()) << "\n";
    co_return absl::OkStatus();
  });
  if (!ended.ok()) out << ended << "\n";

  // Callbacks of other libraries, on threads of theirs, come back as an await.
  BlockingPool library("library", 1, 1);
  auto [sender, receiver] = oneshot::channel<std::string>();
  auto call_back = [answer = std::move(sender)]() mutable { (void)answer.send("a thread"); };
  (void)co_await spawn_blocking(library, std::move(call_back));
  out << "from " << (co_await receiver.receive()).value() << "\n";
}

}  // namespace weir::examples

// Output:
// forty-two
// ABORTED
// from a thread
