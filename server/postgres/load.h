// SPDX-License-Identifier: Apache-2.0
#pragma once

// The part of Loader that knows keys and values.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/postgres/coalescer.h"
#include "server/postgres/connection.h"
#include "server/postgres/key_codec.h"
#include "server/postgres/statement.h"

namespace weir::postgres::detail {

template <class Key, class Value>
class LoadBatch;

template <class Key, class Value>
class Load final : CoalescedWaiter {
 public:
  Load(Coalescer& coalescer, Key key, std::source_location where)
      : CoalescedWaiter(coalescer, "postgres load", where), key_(std::move(key)) {}

  using CoalescedWaiter::await_ready;
  using CoalescedWaiter::await_suspend;
  absl::StatusOr<std::optional<Value>> await_resume() {
    absl::Status status = finish();
    if (!status.ok()) return status;
    return std::move(value_);
  }

 private:
  friend class LoadBatch<Key, Value>;
  const Key key_;
  std::optional<Value> value_;
};

template <class Key, class Value>
class LoadBatch final : public Batch {
 public:
  using Read = void (*)(const Row&, Value&);
  LoadBatch(std::shared_ptr<Coalescer> coalescer, Statement statement, Read read)
      : Batch(std::move(coalescer)), statement_(statement), read_(read) {}

 private:
  using Waiting = Load<Key, Value>;

  void took(CoalescedWaiter& waiter) override {
    keys_.push_back(static_cast<const Waiting&>(waiter).key_);
  }

  absl::Status work(Connection& connection) override {
    by_key_.resize(keys_.size());
    std::iota(by_key_.begin(), by_key_.end(), 0);
    std::sort(by_key_.begin(), by_key_.end(),
              [this](std::uint32_t a, std::uint32_t b) { return keys_[a] < keys_[b]; });
    std::array<std::string, KeyCodec<Key>::kColumns> arrays;
    for (std::size_t i = 0; i < by_key_.size(); ++i) {
      if (i > 0 && !(keys_[by_key_[i - 1]] < keys_[by_key_[i]])) continue;  // the same key again
      for (std::string& array : arrays) array.push_back(array.empty() ? '{' : ',');
      KeyCodec<Key>::append(arrays.data(), keys_[by_key_[i]]);
    }
    std::vector<Param> params;
    for (std::string& array : arrays) {
      array.push_back('}');
      params.push_back(Param::raw(std::move(array)));
    }
    rows_ = connection.run(statement_, params);
    return absl::OkStatus();
  }

  void deliver() override {
    std::optional<Key> key;  // of the row before: the rows of a key mostly come together
    Waiting* waiting = nullptr;
    for (const Row row : rows_) {
      Key next = KeyCodec<Key>::read(row, 0);
      if (!key || *key != next) {
        waiting = first_waiter(next);
        key = std::move(next);
      }
      if (waiting == nullptr) continue;
      if (!waiting->value_.has_value()) waiting->value_.emplace();
      read_(row, *waiting->value_);
    }
    share_with_duplicates();
  }

  // The first that is still there of those who wait for `key`.
  Waiting* first_waiter(const Key& key) const {
    const auto before = [this](std::uint32_t slot, const Key& k) { return keys_[slot] < k; };
    auto at = std::lower_bound(by_key_.begin(), by_key_.end(), key, before);
    for (; at != by_key_.end() && !(key < keys_[*at]); ++at) {
      if (waiters()[*at] != nullptr) return static_cast<Waiting*>(waiters()[*at]);
    }
    return nullptr;
  }

  void share_with_duplicates() const {
    const Waiting* first = nullptr;
    for (const std::uint32_t slot : by_key_) {
      auto* const waiting = static_cast<Waiting*>(waiters()[slot]);
      if (waiting == nullptr) continue;
      if (first != nullptr && !(first->key_ < waiting->key_)) {
        waiting->value_ = first->value_;
      } else {
        first = waiting;
      }
    }
  }

  const Statement statement_;
  const Read read_;
  std::vector<Key> keys_;              // by slot
  std::vector<std::uint32_t> by_key_;  // slots in the order of their keys
  Rows rows_;
};

template <class Key, class Value>
class LoaderCore final : public Coalescer {
 public:
  LoaderCore(std::shared_ptr<Engine> engine, Statement statement, void (*read)(const Row&, Value&),
             CoalesceLimits limits)
      : Coalescer(std::move(engine), limits), statement_(statement), read_(read) {}

 private:
  std::shared_ptr<Batch> make_batch() override {
    return std::make_shared<LoadBatch<Key, Value>>(shared_from_this(), statement_, read_);
  }

  const Statement statement_;
  void (*const read_)(const Row&, Value&);
};

}  // namespace weir::postgres::detail
