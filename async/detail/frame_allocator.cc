// SPDX-License-Identifier: Apache-2.0
#include "async/detail/frame_allocator.h"

namespace weir::detail {
namespace {

// Bytes a thread keeps of one size; beyond it frames go back to the heap, so that a burst of ten
// thousand calls is not paid for in memory for ever.
constexpr std::size_t kKeepBytes = 256 * 1024;

constexpr std::size_t bytes_of(std::size_t list) { return (list + 1) * kFrameGranule; }

// The ends of the lists of a thread that keeps frames. Only read, so all threads share them.
constinit std::array<FreeFrame, kFrameLists> ends = [] {
  std::array<FreeFrame, kFrameLists> all{};
  for (std::size_t i = 0; i < kFrameLists; ++i) all[i] = {nullptr, kKeepBytes / bytes_of(i)};
  return all;
}();

enum class Keeping : unsigned char { kNotYet, kYes, kNoMore };
constinit thread_local Keeping keeping = Keeping::kNotYet;

struct EmptyAtThreadEnd {
  EmptyAtThreadEnd() {
    keeping = Keeping::kYes;
    for (std::size_t i = 0; i < kFrameLists; ++i) free_frames[i] = &ends[i];
  }
  ~EmptyAtThreadEnd() {
    keeping = Keeping::kNoMore;
    for (FreeFrame*& list : free_frames) {
      while (list->next != nullptr) {
        FreeFrame* const frame = list;
        list = frame->next;
        ::operator delete(frame);
      }
      list = &no_frames;
    }
  }
};

}  // namespace

void* allocate_new_frame(std::size_t bytes) {
  return ::operator new(bytes_of(frame_list_of(bytes)));
}

void free_frame_without_room(void* frame, std::size_t bytes) noexcept {
  if (keeping != Keeping::kNotYet) return ::operator delete(frame);
  static thread_local const EmptyAtThreadEnd empty_at_thread_end;
  free_frame(frame, bytes);
}

}  // namespace weir::detail
