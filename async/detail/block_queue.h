// SPDX-License-Identifier: Apache-2.0
#pragma once

// BlockQueue: first in, first out, in linked blocks of which one spare is kept: a queue that is
// filled and drained in turns does not go to the heap, and a burst's memory is given back.

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace weir::detail {

template <class T>
class BlockQueue {
 public:
  BlockQueue() = default;
  BlockQueue(const BlockQueue&) = delete;
  BlockQueue& operator=(const BlockQueue&) = delete;
  ~BlockQueue() {
    while (first_ != nullptr) first_ = std::move(first_->next);  // not by recursion
  }

  void swap(BlockQueue& other) noexcept {
    std::swap(first_, other.first_);
    std::swap(last_, other.last_);
    std::swap(spare_, other.spare_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(size_, other.size_);
  }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  void push(T value) {
    if (last_ == nullptr || end_ == kSlots) add_block();
    last_->slots[end_++].emplace(std::move(value));
    ++size_;
  }
  T pop() {
    std::optional<T>& slot = first_->slots[begin_];
    T value = std::move(*slot);
    slot.reset();
    --size_;
    if (++begin_ == kSlots || size_ == 0) drop_block();
    return value;
  }

 private:
  static constexpr std::size_t kSlots = 32;
  struct Block {
    std::array<std::optional<T>, kSlots> slots;
    std::unique_ptr<Block> next;
  };

  void add_block() {
    std::unique_ptr<Block> block =
        spare_ != nullptr ? std::move(spare_) : std::make_unique<Block>();
    Block* added = block.get();
    (last_ != nullptr ? last_->next : first_) = std::move(block);
    last_ = added;
    end_ = 0;
  }
  // The first block is used up, or the queue is empty.
  void drop_block() {
    spare_ = std::exchange(first_, nullptr);
    first_ = std::move(spare_->next);
    if (first_ == nullptr) last_ = nullptr;
    begin_ = 0;
  }

  std::unique_ptr<Block> first_;
  Block* last_ = nullptr;
  std::unique_ptr<Block> spare_;
  std::size_t begin_ = 0;  // in the first block
  std::size_t end_ = 0;    // in the last one
  std::size_t size_ = 0;
};

}  // namespace weir::detail
