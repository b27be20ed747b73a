// SPDX-License-Identifier: Apache-2.0
#pragma once

// The part of GroupCommit that knows items and outcomes.

#include <cstddef>
#include <memory>
#include <source_location>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/postgres/coalescer.h"
#include "server/postgres/connection.h"
#include "server/postgres/errors.h"

namespace weir::postgres::detail {

template <class Item, class Outcome>
class WriteBatch;

template <class Item, class Outcome>
class Write final : CoalescedWaiter {
 public:
  Write(Coalescer& coalescer, Item item, std::source_location where)
      : CoalescedWaiter(coalescer, "postgres group commit", where), item_(std::move(item)) {}

  using CoalescedWaiter::await_ready;
  using CoalescedWaiter::await_suspend;
  absl::StatusOr<Outcome> await_resume() {
    absl::Status status = finish();
    if (!status.ok()) return status;
    return std::move(outcome_);
  }

 private:
  friend class WriteBatch<Item, Outcome>;
  Item item_;
  absl::StatusOr<Outcome> outcome_ = absl::UnknownError("");
};

template <class Item, class Outcome>
class WriteBatch final : public Batch {
 public:
  using Outcomes = std::vector<absl::StatusOr<Outcome>>;
  using Function = Outcomes (*)(Transaction&, absl::Span<const Item>);
  WriteBatch(std::shared_ptr<Coalescer> coalescer, Function write)
      : Batch(std::move(coalescer)), write_(write) {}

 private:
  using Waiting = Write<Item, Outcome>;

  // Moved: whoever leaves does not need it, and it is written once at most.
  void took(CoalescedWaiter& waiter) override {
    items_.push_back(std::move(static_cast<Waiting&>(waiter).item_));
  }

  absl::Status work(Connection& connection) override {
    const auto body = [this](Transaction& transaction) {
      if (items_.size() == 1) {
        outcomes_ = write_(transaction, items_);
        return absl::OkStatus();
      }
      absl::Status broken = transaction.nested([&] {
        outcomes_ = write_(transaction, items_);
        return absl::OkStatus();
      });
      if (!is_about_a_value(broken)) return broken;
      write_apart(transaction);
      return absl::OkStatus();
    };
    return connection.run_in_transaction(Isolation::kReadCommitted, body);
  }

  void write_apart(Transaction& transaction) {
    outcomes_.clear();
    for (const Item& item : items_) {
      Outcomes outcome;
      const absl::Status broken = transaction.nested([&] {
        outcome = write_(transaction, absl::MakeConstSpan(&item, 1));
        return absl::OkStatus();
      });
      outcomes_.push_back(broken.ok() ? std::move(outcome[0]) : broken);
    }
  }

  void deliver() override {
    for (std::size_t slot = 0; slot < outcomes_.size(); ++slot) {
      auto* const waiting = static_cast<Waiting*>(waiters()[slot]);
      if (waiting != nullptr) waiting->outcome_ = std::move(outcomes_[slot]);
    }
  }

  const Function write_;
  std::vector<Item> items_;  // by slot
  Outcomes outcomes_;
};

template <class Item, class Outcome>
class GroupCommitCore final : public Coalescer {
 public:
  using Function = typename WriteBatch<Item, Outcome>::Function;
  GroupCommitCore(std::shared_ptr<Engine> engine, Function write, CoalesceLimits limits)
      : Coalescer(std::move(engine), limits), write_(write) {}

 private:
  std::shared_ptr<Batch> make_batch() override {
    return std::make_shared<WriteBatch<Item, Outcome>>(shared_from_this(), write_);
  }

  const Function write_;
};

}  // namespace weir::postgres::detail
