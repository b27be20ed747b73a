// SPDX-License-Identifier: Apache-2.0
#include "async/detail/frame_allocator.h"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include "tests/async/counting_new.h"

namespace weir::detail {
namespace {

using testing::allocations;
using testing::live_blocks;

TEST(FrameAllocator, HandsAFreedFrameOutAgainOnItsThread) {
  free_frame(allocate_frame(200), 200);
  const long before = allocations;
  void* const first = allocate_frame(200);
  free_frame(first, 200);
  void* const second = allocate_frame(193);  // of the same size class
  EXPECT_EQ(first, second);
  free_frame(second, 193);
  EXPECT_EQ(allocations, before);
}

TEST(FrameAllocator, GivesEveryByteThatWasAskedFor) {
  for (std::size_t bytes = 1; bytes < 9000; bytes += 61) {
    for (int again = 0; again < 2; ++again) {
      void* const frame = allocate_frame(bytes);
      std::memset(frame, 0xAB, bytes);
      free_frame(frame, bytes);
    }
  }
}

TEST(FrameAllocator, GivesBackToTheHeapWhatABurstLeaves) {
  std::vector<void*> burst;
  const long before = live_blocks;
  burst.reserve(10'000);
  for (int i = 0; i < 10'000; ++i) burst.push_back(allocate_frame(1024));
  for (void* const frame : burst) free_frame(frame, 1024);
  EXPECT_LE(live_blocks - before, 1 + 256);  // the vector, and 256 KiB of frames
}

TEST(FrameAllocator, TakesFramesOfOtherThreadsAndKeepsNothingOfAThreadThatEnded) {
  const auto round = [] {
    std::vector<void*> frames;
    frames.reserve(100);
    std::thread([&frames] {
      for (int i = 0; i < 100; ++i) frames.push_back(allocate_frame(512));
    }).join();
    std::thread([&frames] {
      for (void* const frame : frames) free_frame(frame, 512);
    }).join();
  };
  round();  // what a thread costs once
  const long before = live_blocks;
  for (int i = 0; i < 5; ++i) round();
  EXPECT_EQ(live_blocks, before);
}

// A thread-local that was made before the thread's free lists is destroyed after them.
struct HoldsAFrame {
  void* frame = nullptr;
  ~HoldsAFrame() {
    if (frame == nullptr) return;
    free_frame(frame, 512);
    free_frame(allocate_frame(512), 512);
  }
};
thread_local HoldsAFrame holds_a_frame;

TEST(FrameAllocator, ServesAThreadThatIsBeyondTheEndOfItsFreeLists) {
  const auto round = [] {
    std::thread([] {
      holds_a_frame.frame = nullptr;  // made first
      void* const kept = allocate_frame(512);
      free_frame(allocate_frame(512), 512);
      holds_a_frame.frame = kept;
    }).join();
  };
  round();
  const long before = live_blocks;
  for (int i = 0; i < 5; ++i) round();
  EXPECT_EQ(live_blocks, before);
}

}  // namespace
}  // namespace weir::detail
