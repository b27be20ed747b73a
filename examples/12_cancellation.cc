// SPDX-License-Identifier: Apache-2.0
// A request to stop, handed down a tree. It is a request: whoever asks waits for the end.
// Tokio: tokio_util::sync::CancellationToken, child_token.
#include <ostream>
#include <string>

#include "async/cancelled.h"
#include "async/join.h"
#include "async/select.h"
#include "async/sleep.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

Task<absl::Status> stop_of(CancellationToken token) { co_return co_await cancelled(token); }
Task<absl::Status> work() { co_return co_await sleep(30ms); }

// The loop of a worker: it works until it is told to stop, and then tidies up in peace.
Task<int> worker(CancellationToken token, std::string name, std::ostream& out) {
  int done = 0;
  for (;;) {
    const auto first = co_await select(stop_of(token), work());
    if (first.index() == 0) break;
    ++done;
  }
  out << name << " stops after " << done << "\n";
  co_return done;
}

Task<void> stop_one_then_all(CancellationToken one, CancellationToken all) {
  (void)co_await sleep(100ms);
  one.cancel();  // a child's end is its own
  (void)co_await sleep(100ms);
  all.cancel();  // the root's is everybody's
}

}  // namespace

Task<void> example_12_cancellation(std::ostream& out) {
  const CancellationToken root;
  const CancellationToken import = root.child();
  const auto [imported, exported, unused] =
      co_await join(worker(import, "import", out), worker(root.child(), "export", out),
                    stop_one_then_all(import, root));
  out << "the one that ran longer did more: " << (exported > imported) << "\n";
  out << "the root is cancelled: " << root.is_cancelled() << "\n";
}

}  // namespace weir::examples

// Output:
// import stops after 3
// export stops after 6
// the one that ran longer did more: 1
// the root is cancelled: 1
