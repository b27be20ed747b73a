// SPDX-License-Identifier: Apache-2.0
#pragma once

// The items of a chunk, done inside the transaction that will also say that they are done.
//
// Together: what can be done in one statement is (creations), and no item is separated from the
// others, so what one statement breaks breaks the transaction, and it is run again, apart: each
// item under a savepoint, which costs two round trips but fails alone. Nearly all chunks need only
// the first.
//
// Thread: the pool's worker.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "server/postgres/transaction.h"
#include "server/users/user.h"
#include "weir/batch/v1/batch.pb.h"

namespace weir::batch {

enum class Mode : unsigned char { kTogether, kApart };

// An item that is still to do, as in StoredItem.
struct Todo {
  std::int64_t position = 0;
  std::string item;
  std::string fault;
};

// What the cache is to be told after the commit.
struct Effects {
  std::vector<users::User> written;
  std::vector<users::User> deleted;
};

// By the index of the item; nullopt: what it met may pass, try again. On the last try that is its
// result, too.
using Results = std::vector<std::optional<v1::BatchResult>>;

Results do_items(postgres::Transaction& transaction, absl::Span<const Todo> todo, Mode mode,
                 bool is_last_try, Effects& effects);

}  // namespace weir::batch
