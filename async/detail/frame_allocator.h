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

// In a freed frame: the one freed before it, and how many more the thread will keep of its size.
// That the count is in the frames saves an allocation its update.
struct FreeFrame {
  FreeFrame* next;
  std::size_t room;
};

// The end of a list that keeps nothing: before the first was freed and beyond the end of the
// thread.
inline constinit FreeFrame no_frames = {nullptr, 0};

inline constexpr std::size_t kFrameGranule = 64;
inline constexpr std::size_t kLargestFrame = 8192;
inline constexpr std::size_t kFrameLists = kLargestFrame / kFrameGranule;
constexpr std::size_t frame_list_of(std::size_t bytes) { return (bytes - 1) / kFrameGranule; }

// Without a destructor, so that it can still be asked at the end of the thread, when thread-locals
// that own frames may be destroyed after the lists were emptied.
inline constinit thread_local std::array<FreeFrame*, kFrameLists> free_frames = [] {
  std::array<FreeFrame*, kFrameLists> lists{};
  lists.fill(&no_frames);
  return lists;
}();

[[nodiscard]] void* allocate_new_frame(std::size_t bytes);
void free_frame_without_room(void* frame, std::size_t bytes) noexcept;

[[nodiscard]] inline void* allocate_frame(std::size_t bytes) {
  if (!WEIR_RECYCLE_FRAMES || bytes > kLargestFrame) return ::operator new(bytes);
  FreeFrame*& list = free_frames[frame_list_of(bytes)];
  FreeFrame* const frame = list;
  if (frame->next == nullptr) return allocate_new_frame(bytes);
  list = frame->next;
  return frame;
}

inline void free_frame(void* frame, std::size_t bytes) noexcept {
  if (!WEIR_RECYCLE_FRAMES || bytes > kLargestFrame) return ::operator delete(frame);
  FreeFrame*& list = free_frames[frame_list_of(bytes)];
  if (list->room == 0) return free_frame_without_room(frame, bytes);
  list = new (frame) FreeFrame{list, list->room - 1};
}

}  // namespace weir::detail
