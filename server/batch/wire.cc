// SPDX-License-Identifier: Apache-2.0
#include "server/batch/wire.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/api/timestamp.h"
#include "server/batch/errors.h"
#include "server/status/rpc_status.h"

namespace weir::batch {
namespace {

v1::Batch::State to_wire(State state) {
  switch (state) {
    case State::kPending:
      return v1::Batch::PENDING;
    case State::kRunning:
      return v1::Batch::RUNNING;
    case State::kSucceeded:
      return v1::Batch::SUCCEEDED;
    case State::kPartiallyFailed:
      return v1::Batch::PARTIALLY_FAILED;
    case State::kCancelled:
      return v1::Batch::CANCELLED;
  }
  return v1::Batch::STATE_UNSPECIFIED;
}

}  // namespace

std::string name_of(std::int64_t id) { return absl::StrCat("batches/", id); }

std::int64_t id_of(absl::string_view name, status::BadRequest& bad) {
  absl::string_view digits = name;
  std::int64_t id = 0;
  const bool is_name = absl::ConsumePrefix(&digits, "batches/") && absl::SimpleAtoi(digits, &id) &&
                       id > 0 && name_of(id) == name;
  if (!is_name) bad.add("name", "must be \"batches/\" and a number, as in Batch.name");
  return id;
}

v1::Batch to_wire(const Batch& batch) {
  v1::Batch wire;
  wire.set_name(name_of(batch.id));
  wire.set_state(to_wire(batch.state));
  wire.set_total(batch.total);
  wire.set_succeeded(batch.succeeded);
  wire.set_failed(batch.failed);
  api::set_time(*wire.mutable_create_time(), batch.create_time);
  if (batch.end_time) api::set_time(*wire.mutable_end_time(), *batch.end_time);
  return wire;
}

v1::BatchResult to_wire(ItemResult result) {
  v1::BatchResult wire;
  if (result.result.empty()) {
    *wire.mutable_status() = status::to_rpc_status(item_cancelled());
  } else if (!wire.ParseFromString(result.result)) {
    wire.Clear();
    *wire.mutable_status() =
        status::to_rpc_status(absl::InternalError("a result that was kept cannot be read"));
  }
  wire.set_item_id(std::move(result.item_id));
  return wire;
}

}  // namespace weir::batch
