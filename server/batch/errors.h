// SPDX-License-Identifier: Apache-2.0
#pragma once

// The errors of batches, in one place: their codes, reasons and words are part of the contract.

#include <cstdint>

#include "absl/status/status.h"

namespace weir::batch {

absl::Status batch_not_found(std::int64_t id);
// The upload took so long that it was given up.
absl::Status upload_gone();
// CancelBatch came before the item was done.
absl::Status item_cancelled();

}  // namespace weir::batch
