// SPDX-License-Identifier: Apache-2.0
#include "async/detail/frame_allocator.h"

#include <array>
#include <new>

namespace weir::detail {

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

#if WEIR_RECYCLE_FRAMES
namespace {

constexpr std::size_t kGranule = 64;
constexpr std::size_t kLargest = 8192;
constexpr std::size_t kClasses = kLargest / kGranule;
// Bytes a thread keeps of one size class; beyond it frames go back to the heap, so that a burst of
// ten thousand calls is not paid for in memory for ever.
constexpr std::size_t kKeepBytes = 256 * 1024;

struct FreeFrame {
  FreeFrame* next;
};

struct SizeClass {
  FreeFrame* head = nullptr;
  std::size_t kept = 0;
};

enum class Keeping : unsigned char { kNotYet, kYes, kNoMore };

// Without a destructor, so that it can still be asked at the end of the thread, when thread-locals
// that own frames may be destroyed after the lists were emptied.
struct FreeLists {
  std::array<SizeClass, kClasses> classes;
  Keeping keeping = Keeping::kNotYet;
};
constinit thread_local FreeLists free_lists;

struct EmptyAtThreadEnd {
  EmptyAtThreadEnd() { free_lists.keeping = Keeping::kYes; }
  ~EmptyAtThreadEnd() {
    free_lists.keeping = Keeping::kNoMore;
    for (SizeClass& size_class : free_lists.classes) {
      while (FreeFrame* frame = size_class.head) {
        size_class.head = frame->next;
        ::operator delete(frame);
      }
    }
  }
};

bool may_keep() {
  if (free_lists.keeping == Keeping::kNotYet) {
    static thread_local const EmptyAtThreadEnd empty_at_thread_end;
  }
  return free_lists.keeping == Keeping::kYes;
}

constexpr std::size_t class_of(std::size_t bytes) { return (bytes - 1) / kGranule; }
constexpr std::size_t bytes_of(std::size_t size_class) { return (size_class + 1) * kGranule; }

}  // namespace

void* allocate_frame(std::size_t bytes) {
  if (bytes > kLargest) return ::operator new(bytes);
  SizeClass& size_class = free_lists.classes[class_of(bytes)];
  if (FreeFrame* frame = size_class.head) {
    size_class.head = frame->next;
    --size_class.kept;
    return frame;
  }
  return ::operator new(bytes_of(class_of(bytes)));
}

void free_frame(void* frame, std::size_t bytes) noexcept {
  if (bytes > kLargest) return ::operator delete(frame);
  SizeClass& size_class = free_lists.classes[class_of(bytes)];
  if (!may_keep() || size_class.kept * bytes_of(class_of(bytes)) >= kKeepBytes) {
    return ::operator delete(frame);
  }
  size_class.head = new (frame) FreeFrame{size_class.head};
  ++size_class.kept;
}

#else

void* allocate_frame(std::size_t bytes) { return ::operator new(bytes); }
void free_frame(void* frame, std::size_t) noexcept { ::operator delete(frame); }

#endif

}  // namespace weir::detail
