// SPDX-License-Identifier: Apache-2.0
// The rows of channel_bench.cc and sync_bench.cc in Boost.Asio's coroutines and channels.
#include <atomic>
#include <boost/asio/experimental/as_tuple.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <thread>

#include "bench/async/asio_bench.h"

namespace weir::bench {
namespace {

using asio::experimental::as_tuple;
using boost::system::error_code;
using Channel = asio::experimental::channel<void(error_code, int)>;
using ConcurrentChannel = asio::experimental::concurrent_channel<void(error_code, int)>;

constexpr int kCapacity = 64;
constexpr int kLast = -1;

template <class AnyChannel>
asio::awaitable<void> send_all(AnyChannel& channel) {
  for (int n = 0;; ++n) {
    const auto [error] =
        co_await channel.async_send(error_code(), n, as_tuple(asio::use_awaitable));
    if (error) co_return;
  }
}

template <class AnyChannel>
asio::awaitable<void> receive_all(AnyChannel& channel, benchmark::State& state) {
  for (auto _ : state) {
    const int value = co_await channel.async_receive(asio::use_awaitable);
    benchmark::DoNotOptimize(value);
  }
  channel.close();
}

// The channel must outlive the sender, which ends after the body.
void channel(benchmark::State& state) {
  asio::io_context context(1);
  Channel channel(context, kCapacity);
  asio::co_spawn(context, send_all(channel), rethrow);
  asio::co_spawn(context, receive_all(channel, state), rethrow);
  context.run();
}
BENCHMARK(channel)->Name("mpsc/asio");

void channel_of_one(benchmark::State& state) {
  asio::io_context context(1);
  Channel channel(context, 1);
  asio::co_spawn(context, send_all(channel), rethrow);
  asio::co_spawn(context, receive_all(channel, state), rethrow);
  context.run();
}
BENCHMARK(channel_of_one)->Name("mpsc_of_1/asio");

// Ends with a last value, so that the channel is never closed while the other thread waits to send
// into it: with Boost 1.81 that way of ending crashed in this benchmark now and then, and we have
// not found out whose fault it was.
asio::awaitable<void> send_until(ConcurrentChannel& channel, const std::atomic<bool>& stop) {
  while (!stop.load(std::memory_order_relaxed)) {
    co_await channel.async_send(error_code(), 1, asio::use_awaitable);
  }
  co_await channel.async_send(error_code(), kLast, asio::use_awaitable);
}

asio::awaitable<void> receive_until(ConcurrentChannel& channel, benchmark::State& state,
                                    std::atomic<bool>& stop) {
  for (auto _ : state) {
    const int value = co_await channel.async_receive(asio::use_awaitable);
    benchmark::DoNotOptimize(value);
  }
  stop = true;
  int value = 0;
  while (value != kLast) value = co_await channel.async_receive(asio::use_awaitable);
}

void channel_across_contexts(benchmark::State& state) {
  asio::io_context here(1);
  asio::io_context there(1);
  ConcurrentChannel channel(here, kCapacity);
  std::atomic<bool> stop = false;
  asio::co_spawn(there, send_until(channel, stop), rethrow);
  asio::co_spawn(here, receive_until(channel, state, stop), rethrow);
  std::thread other([&there] { there.run(); });
  here.run();
  other.join();
}
BENCHMARK(channel_across_contexts)->Name("mpsc_across_loops/asio")->UseRealTime();

asio::awaitable<void> echo(ConcurrentChannel& ping, ConcurrentChannel& pong) {
  for (;;) {
    const auto [error, value] = co_await ping.async_receive(as_tuple(asio::use_awaitable));
    if (error) co_return;
    co_await pong.async_send(error_code(), value, asio::use_awaitable);
  }
}

asio::awaitable<void> ask(ConcurrentChannel& ping, ConcurrentChannel& pong,
                          benchmark::State& state) {
  int n = 0;
  for (auto _ : state) {
    co_await ping.async_send(error_code(), ++n, asio::use_awaitable);
    const int value = co_await pong.async_receive(asio::use_awaitable);
    benchmark::DoNotOptimize(value);
  }
  ping.close();
}

void there_and_back(benchmark::State& state) {
  asio::io_context here(1);
  asio::io_context there(1);
  ConcurrentChannel ping(there, 1);
  ConcurrentChannel pong(here, 1);
  asio::co_spawn(there, echo(ping, pong), rethrow);
  asio::co_spawn(here, ask(ping, pong, state), rethrow);
  std::thread other([&there] { there.run(); });
  here.run();
  other.join();
}
BENCHMARK(there_and_back)->Name("mpsc_across_loops_and_back/asio")->UseRealTime();

// A semaphore of n is written as a channel of n places in Asio: to acquire is to send.
ASIO_BENCH(semaphore) {
  Channel permits(co_await asio::this_coro::executor, 1);
  for (auto _ : state) {
    co_await permits.async_send(error_code(), 0, asio::use_awaitable);
    permits.try_receive([](error_code, int) {});
  }
}

asio::awaitable<void> takes_turns(Channel& permits) {
  for (;;) {
    const auto [error] =
        co_await permits.async_send(error_code(), 0, as_tuple(asio::use_awaitable));
    if (error) co_return;
    permits.try_receive([](error_code, int) {});
  }
}

asio::awaitable<void> counts_turns(Channel& permits, benchmark::State& state) {
  for (auto _ : state) {
    co_await permits.async_send(error_code(), 0, asio::use_awaitable);
    permits.try_receive([](error_code, int) {});
  }
  permits.close();
  state.SetItemsProcessed(2 * state.iterations());
}

void semaphore_handed_over(benchmark::State& state) {
  asio::io_context context(1);
  Channel permits(context, 1);
  asio::co_spawn(context, takes_turns(permits), rethrow);
  asio::co_spawn(context, counts_turns(permits, state), rethrow);
  context.run();
}
BENCHMARK(semaphore_handed_over)->Name("semaphore_handed_over/asio");

}  // namespace
}  // namespace weir::bench
