// SPDX-License-Identifier: Apache-2.0
#include "async/timer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

namespace weir {
namespace {

class Marker final : public Timer {
 public:
  void fire() override {}
};

TimePoint at(std::int64_t nanoseconds) { return TimePoint(Duration(nanoseconds)); }

TEST(TimerHeap, IsEmptyAtFirstAndDueNever) {
  TimerHeap heap;
  EXPECT_TRUE(heap.empty());
  EXPECT_EQ(heap.next(), kForever);
  EXPECT_EQ(heap.pop_due(kForever), nullptr);
}

TEST(TimerHeap, GivesATimerAtItsTimeAndNotBefore) {
  TimerHeap heap;
  Marker timer;
  heap.push(timer, at(10));
  EXPECT_TRUE(timer.is_scheduled());
  EXPECT_EQ(heap.pop_due(at(9)), nullptr);
  EXPECT_EQ(heap.pop_due(at(10)), &timer);
  EXPECT_FALSE(timer.is_scheduled());
  EXPECT_TRUE(heap.empty());
}

TEST(TimerHeap, TakesATimerAgainAfterItWasRemoved) {
  TimerHeap heap;
  Marker timer;
  heap.push(timer, at(10));
  heap.remove(timer);
  EXPECT_FALSE(timer.is_scheduled());
  heap.push(timer, at(5));
  EXPECT_EQ(heap.next(), at(5));
  heap.remove(timer);
}

TEST(SaturatingAdd, StaysAtForeverInsteadOfOverflowing) {
  EXPECT_EQ(saturating_add(at(1), Duration(2)), at(3));
  EXPECT_EQ(saturating_add(at(1), Duration(-2)), at(-1));
  EXPECT_EQ(saturating_add(at(1), Duration::max()), kForever);
  EXPECT_EQ(saturating_add(kForever, Duration(1)), kForever);
  EXPECT_EQ(saturating_add(kForever, Duration::zero()), kForever);
}

// A model that is too simple to be wrong: a vector, searched from end to end.
class Model {
 public:
  void push(Timer& timer, TimePoint time) { entries_.push_back({&timer, time}); }
  void remove(const Timer& timer) {
    std::erase_if(entries_, [&](const Entry& entry) { return entry.timer == &timer; });
  }
  TimePoint next() const {
    TimePoint first = kForever;
    for (const Entry& entry : entries_) first = std::min(first, entry.time);
    return first;
  }
  TimePoint time_of(const Timer& timer) const {
    for (const Entry& entry : entries_) {
      if (entry.timer == &timer) return entry.time;
    }
    return TimePoint::min();
  }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    const Timer* timer;
    TimePoint time;
  };
  std::vector<Entry> entries_;
};

class TimerHeapAgainstModel : public ::testing::TestWithParam<int> {};

TEST_P(TimerHeapAgainstModel, AgreesAfterEveryOfManyRandomOperations) {
  std::mt19937 random(static_cast<unsigned>(GetParam()));
  std::vector<std::unique_ptr<Marker>> timers;
  for (int i = 0; i < 60; ++i) timers.push_back(std::make_unique<Marker>());
  TimerHeap heap;
  Model model;
  // Few distinct times, so that ties are common.
  for (int step = 0; step < 2000; ++step) {
    Marker& timer = *timers[random() % timers.size()];
    if (random() % 4 == 0) {
      const TimePoint now = at(random() % 50);
      if (Timer* due = heap.pop_due(now)) {
        ASSERT_EQ(model.time_of(*due), model.next());
        ASSERT_LE(model.next(), now);
        ASSERT_FALSE(due->is_scheduled());
        model.remove(*due);
      } else {
        ASSERT_GT(model.next(), now);
      }
    } else if (timer.is_scheduled()) {
      heap.remove(timer);
      model.remove(timer);
    } else {
      const TimePoint time = at(random() % 50);
      heap.push(timer, time);
      model.push(timer, time);
    }
    ASSERT_EQ(heap.size(), model.size());
    ASSERT_EQ(heap.next(), model.next());
  }
  TimePoint last = TimePoint::min();
  while (Timer* due = heap.pop_due(at(1000))) {
    ASSERT_GE(model.time_of(*due), last);
    last = model.time_of(*due);
    model.remove(*due);
  }
  EXPECT_EQ(model.size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, TimerHeapAgainstModel, ::testing::Range(1, 21));

}  // namespace
}  // namespace weir
