// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/unit_of_work.h"

#include <chrono>

#include "server/postgres/engine.h"

namespace weir::postgres::detail {
void UnitOfWork::answer(const absl::Status& status) {
  std::lock_guard lock(mutex_);
  if (waiter_ == nullptr) return;
  AwaitWork& waiter = *std::exchange(waiter_, nullptr);
  waiter.status_ = status;
  waiter.complete();
}

bool AwaitWork::submit() {
  work_->waiter_ = this;
  if (context().deadline() != kForever) {
    // The loop's clock may not be the steady one (a test's is not); the time that is left is the
    // same.
    work_->deadline_ = saturating_add(std::chrono::steady_clock::now(), context().remaining());
  }
  // Not into status_: once it is submitted, that is for the answer.
  const absl::Status submitted = engine_.submit(work_);
  if (!submitted.ok()) status_ = submitted;
  return submitted.ok();
}

void AwaitWork::begin_span() {
  span_ = std::make_unique<Span>(context(), what_, Span::Kind::kInternal);
  work_->set_span(span_->ref());
}

void AwaitWork::on_cancel(CancelReason reason) { engine_.stop(*work_, reason); }

absl::Status AwaitWork::finish() {
  if (suspended_) context().loop().outside_work_ended();
  ended();
  if (span_ != nullptr) {
    span_->end_with(status_);
    span_.reset();
  }
  return status_;
}

}  // namespace weir::postgres::detail
