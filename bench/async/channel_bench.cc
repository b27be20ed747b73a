// SPDX-License-Identifier: Apache-2.0
// Channels: within a loop, and between two loops on two threads.
#include <thread>

#include "async/oneshot.h"
#include "async/watch.h"
#include "bench/async/weir_bench.h"

namespace weir::bench {
namespace {

WEIR_BENCH(oneshot) {
  for (auto _ : state) {
    auto [sender, receiver] = oneshot::channel<int>();
    sender.send(1);
    const absl::StatusOr<int> value = co_await receiver.receive();
    benchmark::DoNotOptimize(*value);
  }
}

WEIR_BENCH(watch) {
  auto [sender, receiver] = watch::channel(0);
  int n = 0;
  for (auto _ : state) {
    sender.send(++n);
    (void)co_await receiver.changed();
    benchmark::DoNotOptimize(receiver.get());
  }
}

Task<void> echo(watch::Receiver<int> ping, watch::Sender<int> pong) {
  absl::Status changed = co_await ping.changed();
  while (changed.ok()) {
    pong.send(ping.get());
    changed = co_await ping.changed();
  }
}

// There and back: two wake-ups of a sleeping thread.
WEIR_BENCH(watch_across_loops_and_back) {
  auto [ping, ping_receiver] = watch::channel(0);
  auto [pong, pong_receiver] = watch::channel(0);
  std::thread other(
      [&, ping_receiver = std::move(ping_receiver), pong = std::move(pong)]() mutable {
        ThreadLoop loop;
        loop.run(echo(std::move(ping_receiver), std::move(pong)));
      });
  (void)co_await pong_receiver.changed();
  (void)pong_receiver.get();
  int n = 0;
  for (auto _ : state) {
    ping.send(++n);
    while (pong_receiver.get() != n) (void)co_await pong_receiver.changed();
  }
  {
    const auto close = std::move(ping);
  }
  other.join();
}

}  // namespace
}  // namespace weir::bench
