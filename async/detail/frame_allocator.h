// SPDX-License-Identifier: Apache-2.0
#pragma once

// Coroutine frames are born and die at the rate of calls, nearly always on the same thread, so each
// thread keeps the freed ones by size and hands them out again. Any thread may free a frame.
//
// All but the first and the last frames of a burst stay inline: a handful of instructions each,
// where the size of a frame is a constant.

#include <array>
#include <cstddef>
#include <new>

// Recycling would hide a use after free from a sanitizer.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WEIR_RECYCLE_FRAMES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEIR_RECYCLE_FRAMES 0
#endif
#endif
#ifndef WEIR_RECYCLE_FRAMES
#define WEIR_RECYCLE_FRAMES 1
#endif

namespace weir::detail {

struct FreeFrame {
  FreeFrame* next;
};

// The freed frames of one size, and how many more the thread will keep: none before the first was
// freed and none beyond the end of the thread.
struct FrameList {
  FreeFrame* head = nullptr;
  std::size_t room = 0;
};

inline constexpr std::size_t kFrameGranule = 64;
inline constexpr std::size_t kLargestFrame = 8192;
inline constexpr std::size_t kFrameLists = kLargestFrame / kFrameGranule;
constexpr std::size_t frame_list_of(std::size_t bytes) { return (bytes - 1) / kFrameGranule; }

// Without a destructor, so that it can still be asked at the end of the thread, when thread-locals
// that own frames may be destroyed after the lists were emptied.
inline constinit thread_local std::array<FrameList, kFrameLists> free_frames;

[[nodiscard]] void* allocate_new_frame(std::size_t bytes);
void free_frame_without_room(void* frame, std::size_t bytes) noexcept;

[[nodiscard]] inline void* allocate_frame(std::size_t bytes) {
  if (!WEIR_RECYCLE_FRAMES || bytes > kLargestFrame) return ::operator new(bytes);
  FrameList& list = free_frames[frame_list_of(bytes)];
  FreeFrame* const frame = list.head;
  if (frame == nullptr) return allocate_new_frame(bytes);
  list.head = frame->next;
  ++list.room;
  return frame;
}

inline void free_frame(void* frame, std::size_t bytes) noexcept {
  if (!WEIR_RECYCLE_FRAMES || bytes > kLargestFrame) return ::operator delete(frame);
  FrameList& list = free_frames[frame_list_of(bytes)];
  if (list.room == 0) return free_frame_without_room(frame, bytes);
  --list.room;
  list.head = new (frame) FreeFrame{list.head};
}

}  // namespace weir::detail
