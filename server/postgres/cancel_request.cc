// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/cancel_request.h"

#include "server/postgres/wait_socket.h"

namespace weir::postgres::detail {

#ifdef LIBPQ_HAS_ASYNC_CANCEL

CancelRequest::CancelRequest(PGconn* connection) : request_(PQcancelCreate(connection)) {}
CancelRequest::~CancelRequest() { PQcancelFinish(request_); }

void CancelRequest::send(Duration timeout) {
  const TimePoint deadline = std::chrono::steady_clock::now() + timeout;
  if (PQcancelStart(request_) != 0) {
    for (;;) {
      const PostgresPollingStatusType next = PQcancelPoll(request_);
      if (next != PGRES_POLLING_READING && next != PGRES_POLLING_WRITING) break;
      const bool to_write = next == PGRES_POLLING_WRITING;
      if (wait_socket(PQcancelSocket(request_), to_write, -1, deadline) != Woken::kSocket) break;
    }
  }
  PQcancelReset(request_);  // ready for another time, if this one came before the statement
}

#else

CancelRequest::CancelRequest(PGconn* connection) : request_(PQgetCancel(connection)) {}
CancelRequest::~CancelRequest() { PQfreeCancel(request_); }

void CancelRequest::send(Duration) {
  char ignored[256];
  PQcancel(request_, ignored, sizeof(ignored));
}

#endif

}  // namespace weir::postgres::detail
