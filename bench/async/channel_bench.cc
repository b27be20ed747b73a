// SPDX-License-Identifier: Apache-2.0
// Channels: within a loop, and between two loops on two threads.
#include <cstddef>
#include <thread>
#include <utility>

#include "async/join.h"
#include "async/mpsc.h"
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

constexpr std::size_t kCapacity = 64;

Task<void> send_all(mpsc::Sender<int> sender) {
  for (int n = 0;; ++n) {
    const absl::Status sent = co_await sender.send(n);
    if (!sent.ok()) co_return;
  }
}

Task<void> receive_all(mpsc::Receiver<int> receiver, benchmark::State& state) {
  for (auto _ : state) {
    const absl::StatusOr<int> value = co_await receiver.recv();
    benchmark::DoNotOptimize(*value);
  }
}

Task<void> send_and_receive(std::size_t capacity, benchmark::State& state) {
  auto [sender, receiver] = mpsc::channel<int>(capacity);
  (void)co_await join(send_all(std::move(sender)), receive_all(std::move(receiver), state));
}

WEIR_BENCH(mpsc) { co_await send_and_receive(kCapacity, state); }
WEIR_BENCH(mpsc_of_1) { co_await send_and_receive(1, state); }

// A loop on a thread of its own that runs one task.
template <class MakeTask>
std::thread elsewhere(MakeTask make_task) {
  return std::thread([make_task = std::move(make_task)]() mutable {
    ThreadLoop loop;
    loop.run(make_task());
  });
}

WEIR_BENCH(mpsc_across_loops) {
  auto [sender, receiver] = mpsc::channel<int>(kCapacity);
  std::thread other =
      elsewhere([sender = std::move(sender)]() mutable { return send_all(std::move(sender)); });
  co_await receive_all(std::move(receiver), state);
  other.join();
}

Task<void> echo(mpsc::Receiver<int> ping, mpsc::Sender<int> pong) {
  for (;;) {
    const absl::StatusOr<int> value = co_await ping.recv();
    if (!value.ok()) co_return;
    (void)co_await pong.send(*value);
  }
}

Task<void> ask(mpsc::Sender<int> ping, mpsc::Receiver<int> pong, benchmark::State& state) {
  int n = 0;
  for (auto _ : state) {
    (void)co_await ping.send(++n);
    const absl::StatusOr<int> value = co_await pong.recv();
    benchmark::DoNotOptimize(*value);
  }
}

WEIR_BENCH(mpsc_across_loops_and_back) {
  auto [ping, ping_receiver] = mpsc::channel<int>(1);
  auto [pong, pong_receiver] = mpsc::channel<int>(1);
  std::thread other = elsewhere([from = std::move(ping_receiver), to = std::move(pong)]() mutable {
    return echo(std::move(from), std::move(to));
  });
  co_await ask(std::move(ping), std::move(pong_receiver), state);
  other.join();
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
