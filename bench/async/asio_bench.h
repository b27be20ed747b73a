// SPDX-License-Identifier: Apache-2.0
#pragma once

// ASIO_BENCH(row) { ... }: the counterpart of WEIR_BENCH: the body is a coroutine of Asio's on an
// io_context that is told that one thread runs it.

#include <benchmark/benchmark.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>

namespace weir::bench {

namespace asio = boost::asio;

[[gnu::noinline]] inline asio::awaitable<int> asio_number(int n) { co_return n; }

inline asio::awaitable<void> asio_sleep(std::chrono::nanoseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

inline void rethrow(const std::exception_ptr& thrown) {
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace weir::bench

#define ASIO_BENCH(row)                                               \
  static boost::asio::awaitable<void> row(benchmark::State&);         \
  static void row##_on_a_context(benchmark::State& state) {           \
    boost::asio::io_context context(1);                               \
    boost::asio::co_spawn(context, row(state), weir::bench::rethrow); \
    context.run();                                                    \
  }                                                                   \
  BENCHMARK(row##_on_a_context)->Name(#row "/asio")->UseRealTime();   \
  static boost::asio::awaitable<void> row(benchmark::State& state)
