// SPDX-License-Identifier: Apache-2.0
// What the rows of the table are to be held against.
#include <benchmark/benchmark.h>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <mutex>

#include "async/detail/frame_allocator.h"

namespace weir::bench {
namespace {

[[gnu::noinline]] int number(int n) {
  benchmark::DoNotOptimize(n);
  return n;
}

void call(benchmark::State& state) {
  int n = 0;
  for (auto _ : state) benchmark::DoNotOptimize(number(++n));
}
BENCHMARK(call)->Name("call/plain");

void std_mutex(benchmark::State& state) {
  std::mutex mutex;
  for (auto _ : state) {
    const std::lock_guard lock(mutex);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(std_mutex)->Name("std_mutex/plain");

void new_delete(benchmark::State& state) {
  for (auto _ : state) {
    auto* const block = new char[200];
    benchmark::DoNotOptimize(block);
    delete[] block;
  }
}
BENCHMARK(new_delete)->Name("new_delete/plain");

// The least that a task can be: nothing but a value and whom to resume. No cancellation, no
// exceptions, no place in a tree; its frames are recycled as Weir's are.
struct BareTask {
  struct promise_type {
    int value = 0;
    std::coroutine_handle<> awaiter;

    static void* operator new(std::size_t bytes) { return detail::allocate_frame(bytes); }
    static void operator delete(void* frame, std::size_t bytes) {
      detail::free_frame(frame, bytes);
    }
    BareTask get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() { return {}; }
    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> ended) noexcept {
        return ended.promise().awaiter;
      }
      void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }
    void return_value(int result) { value = result; }
    void unhandled_exception() { std::terminate(); }
  };

  bool await_ready() { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) {
    coroutine.promise().awaiter = parent;
    return coroutine;
  }
  int await_resume() {
    const int value = coroutine.promise().value;
    coroutine.destroy();
    return value;
  }

  std::coroutine_handle<promise_type> coroutine;
};

[[gnu::noinline]] BareTask bare_number(int n) { co_return n; }

BareTask awaits_bare_tasks(benchmark::State& state) {
  int n = 0;
  for (auto _ : state) benchmark::DoNotOptimize(co_await bare_number(++n));
  co_return n;
}

void bare_await(benchmark::State& state) {
  BareTask task = awaits_bare_tasks(state);
  task.await_suspend(std::noop_coroutine()).resume();
  (void)task.await_resume();
}
BENCHMARK(bare_await)->Name("bare_await/plain");

}  // namespace
}  // namespace weir::bench
