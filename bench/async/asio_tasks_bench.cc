// SPDX-License-Identifier: Apache-2.0
// The rows of tasks_bench.cc in Boost.Asio's coroutines.
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/experimental/promise.hpp>
#include <boost/asio/experimental/use_promise.hpp>
#include <boost/asio/post.hpp>
#include <numeric>
#include <vector>

#include "bench/async/asio_bench.h"

namespace weir::bench {
namespace {

using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

constexpr int kBatch = 64;

[[gnu::noinline]] asio::awaitable<int> deep(int levels) {
  if (levels == 0) co_return 0;
  co_return 1 + co_await deep(levels - 1);
}

ASIO_BENCH(await) {
  int n = 0;
  for (auto _ : state) benchmark::DoNotOptimize(co_await asio_number(++n));
}

ASIO_BENCH(await_16_deep) {
  for (auto _ : state) benchmark::DoNotOptimize(co_await deep(16));
}

ASIO_BENCH(spawn_join) {
  const auto executor = co_await asio::this_coro::executor;
  for (auto _ : state) {
    const int joined = co_await asio::co_spawn(executor, asio_number(1), asio::use_awaitable);
    benchmark::DoNotOptimize(joined);
  }
}

ASIO_BENCH(spawn_join_64) {
  const auto executor = co_await asio::this_coro::executor;
  for (auto _ : state) {
    std::vector<decltype(asio::co_spawn(executor, asio_number(0), asio::deferred))> operations;
    operations.reserve(kBatch);
    for (int i = 0; i < kBatch; ++i) {
      operations.push_back(asio::co_spawn(executor, asio_number(i), asio::deferred));
    }
    const auto [order, thrown, values] =
        co_await asio::experimental::make_parallel_group(std::move(operations))
            .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    benchmark::DoNotOptimize(std::accumulate(values.begin(), values.end(), 0));
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

ASIO_BENCH(join_2) {
  for (auto _ : state) {
    const auto [a, b] = co_await (asio_number(1) && asio_number(2));
    benchmark::DoNotOptimize(a + b);
  }
}

ASIO_BENCH(select_2) {
  for (auto _ : state) {
    const auto first = co_await (asio_number(1) || asio_sleep(1h));
    benchmark::DoNotOptimize(first.index());
  }
}

ASIO_BENCH(select_2_cancels_a_sleep) {
  for (auto _ : state) {
    const auto first = co_await (asio_sleep(1h) || asio_number(1));
    benchmark::DoNotOptimize(first.index());
  }
}

ASIO_BENCH(spawn_cancel_join) {
  const auto executor = co_await asio::this_coro::executor;
  for (auto _ : state) {
    auto sleeping = asio::co_spawn(executor, asio_sleep(1h), asio::experimental::use_promise);
    co_await asio::post(executor, asio::use_awaitable);
    sleeping.cancel();
    try {
      co_await std::move(sleeping)(asio::use_awaitable);
    } catch (const boost::system::system_error& aborted) {
      benchmark::DoNotOptimize(aborted.code().value());
    }
  }
}

}  // namespace
}  // namespace weir::bench
