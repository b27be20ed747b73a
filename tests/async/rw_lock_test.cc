// SPDX-License-Identifier: Apache-2.0
#include "async/rw_lock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "async/join.h"
#include "async/or_return.h"
#include "async/testing/async_test.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

using Pair = std::pair<int, int>;  // equal but for the moments in which one writes

Task<absl::StatusOr<TimePoint>> read(RwLock<Pair>& lock, Duration time) {
  const auto guard = co_await or_return(co_await lock.read());
  const TimePoint since = (co_await this_context()).loop().now();
  (void)co_await sleep(time);
  EXPECT_EQ(guard->first, guard->second);
  co_return since;
}

Task<absl::StatusOr<TimePoint>> write(RwLock<Pair>& lock, Duration time) {
  const auto guard = co_await or_return(co_await lock.write());
  const TimePoint since = (co_await this_context()).loop().now();
  ++guard->first;
  (void)co_await sleep(time);
  ++guard->second;
  co_return since;
}

template <class T>
Task<T> later(Duration after, Task<T> task) {
  (void)co_await sleep(after);
  co_return co_await std::move(task);
}

ASYNC_TEST(RwLock, LetsManyReadAtOnceAndOneWrite) {
  RwLock<Pair> lock;
  const TimePoint begin = (co_await this_context()).loop().now();
  const auto [a, b, c] = co_await join(read(lock, 1s), read(lock, 1s), write(lock, 1s));
  EXPECT_EQ(a.value(), begin);
  EXPECT_EQ(b.value(), begin);
  EXPECT_EQ(c.value(), begin + 1s);
}

ASYNC_TEST(RwLock, DoesNotLetNewReadersPassAWriterThatWaits) {
  RwLock<Pair> lock;
  const TimePoint begin = (co_await this_context()).loop().now();
  const auto [first, writer, late] =
      co_await join(read(lock, 1s), later(100ms, write(lock, 1s)), later(200ms, read(lock, 1s)));
  EXPECT_EQ(first.value(), begin);
  EXPECT_EQ(writer.value(), begin + 1s);
  EXPECT_EQ(late.value(), begin + 2s);
}

ASYNC_TEST(RwLock, LetsReadersThroughAtOnceWhenTheWriterBeforeThemGivesUp) {
  RwLock<Pair> lock;
  const TimePoint begin = (co_await this_context()).loop().now();
  const auto [first, writer, late] =
      co_await join(read(lock, 10s), timeout(1s, write(lock, 1s)), later(200ms, read(lock, 1s)));
  EXPECT_TRUE(absl::IsDeadlineExceeded(writer.status()));
  EXPECT_EQ(late.value(), begin + 1s);
}

ASYNC_TEST(RwLock, TriesWithoutWaiting) {
  RwLock<Pair> lock(Pair(1, 1));
  {
    const auto reading = lock.try_read();
    CO_ASSERT_TRUE(reading.has_value());
    EXPECT_EQ((*reading)->first, 1);
    EXPECT_TRUE(lock.try_read().has_value());
    EXPECT_FALSE(lock.try_write().has_value());
  }
  const auto writing = lock.try_write();
  CO_ASSERT_TRUE(writing.has_value());
  (*writing)->first = 2;
  EXPECT_FALSE(lock.try_read().has_value());
  co_return;
}

TEST(RwLockAcrossThreads, ShowsNoReaderHalfOfAWrite) {
  RwLock<Pair> lock;
  auto work = [](RwLock<Pair>& shared, int index) -> Task<void> {
    for (int i = 0; i < 300; ++i) {
      if ((i + index) % 4 == 0) {
        EXPECT_TRUE((co_await write(shared, 0ns)).ok());
      } else {
        EXPECT_TRUE((co_await read(shared, 0ns)).ok());
      }
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&work, &lock, t] {
      ThreadLoop loop;
      loop.run(work(lock, t));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ((*lock.try_read())->second, 3 * 75);
}

}  // namespace
}  // namespace weir
