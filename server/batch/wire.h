// SPDX-License-Identifier: Apache-2.0
#pragma once

// Batches as they cross the wire.

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "server/batch/batch.h"
#include "server/status/details.h"
#include "weir/batch/v1/batch.pb.h"

namespace weir::batch {

std::string name_of(std::int64_t id);
// What is wrong with it is added to `bad`.
std::int64_t id_of(absl::string_view name, status::BadRequest& bad);

v1::Batch to_wire(const Batch& batch);
v1::BatchResult to_wire(ItemResult result);

}  // namespace weir::batch
