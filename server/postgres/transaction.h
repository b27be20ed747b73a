// SPDX-License-Identifier: Apache-2.0
#pragma once

// Transaction: what a unit of work (Pool::transact, Pool::query) runs its statements on.
//
//     Rows rows = transaction.run(kFindUser, id);
//
// A statement that fails throws; leave the exception alone, it becomes the status of the whole unit
// (server/postgres/errors.h). It lives for one run of the function, on the worker's thread.

#include <array>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "server/postgres/copy_rows.h"
#include "server/postgres/param.h"
#include "server/postgres/rows.h"
#include "server/postgres/statement.h"

namespace weir::postgres {

namespace detail {
class Connection;
}

enum class Isolation : unsigned char { kReadCommitted, kRepeatableRead, kSerializable };

class Transaction {
 public:
  explicit Transaction(detail::Connection& connection) : connection_(connection) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  template <class... Args>
  Rows run(const Statement& statement, const Args&... args) {
    if constexpr (sizeof...(Args) == 0) {
      return run_with(statement, {});
    } else {
      const std::array<Param, sizeof...(Args)> params{Param(args)...};
      return run_with(statement, params);
    }
  }
  Rows run_with(const Statement& statement, absl::Span<const Param> params);

  // `sql` is a COPY ... FROM STDIN (FORMAT binary).
  void copy(const char* sql, const CopyRows& rows);

  // Runs `work` so that what it did can be undone alone: it is kept if `work` returns OK, undone if
  // it returns an error, and also if a statement of it fails, whose status is then the result.
  // A lost connection, and being told to stop, are thrown on: they end the whole.
  absl::Status nested(absl::FunctionRef<absl::Status()> work);

 private:
  detail::Connection& connection_;
};

}  // namespace weir::postgres
