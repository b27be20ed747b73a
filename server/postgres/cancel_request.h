// SPDX-License-Identifier: Apache-2.0
#pragma once

// CancelRequest: what it takes to ask Postgres, over a connection of its own, to cancel what
// another connection runs. Made by the thread that owns that connection, used by any.

#include <libpq-fe.h>

#include "async/time.h"

namespace weir::postgres::detail {

class CancelRequest {
 public:
  explicit CancelRequest(PGconn* connection);
  ~CancelRequest();
  CancelRequest(const CancelRequest&) = delete;
  CancelRequest& operator=(const CancelRequest&) = delete;

  // Blocks until Postgres has sent the signal; one caller at a time. With libpq 17 no longer than
  // `timeout`; before it, for as long as a frozen Postgres is frozen.
  void send(Duration timeout);

 private:
#ifdef LIBPQ_HAS_ASYNC_CANCEL
  PGcancelConn* const request_;
#else
  PGcancel* const request_;
#endif
};

}  // namespace weir::postgres::detail
