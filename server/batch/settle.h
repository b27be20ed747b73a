// SPDX-License-Identifier: Apache-2.0
#pragma once

// settle: the end of a batch all of whose chunks are done.
//
// After the transaction of the last chunk, never inside it: of two chunks that end at once each
// would find the other still open. If the process is killed in between, another replica's sweep
// settles it.

#include <cstdint>

#include "server/postgres/transaction.h"

namespace weir::batch {

// Does nothing if chunks are open, or if it has ended already.
void settle(postgres::Transaction& transaction, std::int64_t batch);

}  // namespace weir::batch
