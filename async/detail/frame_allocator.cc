// SPDX-License-Identifier: Apache-2.0
#include "async/detail/frame_allocator.h"

namespace weir::detail {
namespace {

// Bytes a thread keeps of one size; beyond it frames go back to the heap, so that a burst of ten
// thousand calls is not paid for in memory for ever.
constexpr std::size_t kKeepBytes = 256 * 1024;

constexpr std::size_t bytes_of(std::size_t list) { return (list + 1) * kFrameGranule; }

enum class Keeping : unsigned char { kNotYet, kYes, kNoMore };
constinit thread_local Keeping keeping = Keeping::kNotYet;

struct EmptyAtThreadEnd {
  EmptyAtThreadEnd() {
    keeping = Keeping::kYes;
    for (std::size_t i = 0; i < kFrameLists; ++i) free_frames[i].room = kKeepBytes / bytes_of(i);
  }
  ~EmptyAtThreadEnd() {
    keeping = Keeping::kNoMore;
    for (FrameList& list : free_frames) {
      while (FreeFrame* frame = list.head) {
        list.head = frame->next;
        ::operator delete(frame);
      }
      list.room = 0;
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
