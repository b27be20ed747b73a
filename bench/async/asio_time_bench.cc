// SPDX-License-Identifier: Apache-2.0
// The rows of time_bench.cc in Boost.Asio's coroutines.
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "bench/async/asio_bench.h"

namespace weir::bench {
namespace {

using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

ASIO_BENCH(sleep_0) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (auto _ : state) {
    timer.expires_after(0ns);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

ASIO_BENCH(timeout) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (auto _ : state) {
    timer.expires_after(1h);
    const auto first = co_await (asio_number(1) || timer.async_wait(asio::use_awaitable));
    benchmark::DoNotOptimize(first.index());
  }
}

ASIO_BENCH(timeout_of_a_sleep) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (auto _ : state) {
    timer.expires_after(1h);
    const auto first = co_await (asio_sleep(0ns) || timer.async_wait(asio::use_awaitable));
    benchmark::DoNotOptimize(first.index());
  }
}

// To the pool and back by hand: the cheapest way there is.
ASIO_BENCH(spawn_blocking) {
  const auto executor = co_await asio::this_coro::executor;
  asio::thread_pool pool(1);
  for (auto _ : state) {
    co_await asio::post(asio::bind_executor(pool, asio::use_awaitable));
    int value = 1;
    co_await asio::post(asio::bind_executor(executor, asio::use_awaitable));
    benchmark::DoNotOptimize(value);
  }
}

}  // namespace
}  // namespace weir::bench
