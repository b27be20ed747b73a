// SPDX-License-Identifier: Apache-2.0
#pragma once

// Canceller: the thread that asks Postgres to cancel, because asking blocks. It asks again for as
// long as the lease lasts, since a cancel that comes before its statement has begun is lost.
//
// Before libpq 17 asking a frozen Postgres blocks for as long as it is frozen, beyond anyone's
// reach. So the thread shares what it uses, and the destructor leaves it behind when it is stuck.

#include <cstdint>
#include <memory>
#include <thread>

#include "async/time.h"
#include "server/postgres/session.h"

namespace weir::postgres::detail {

class Canceller {
 public:
  explicit Canceller(Duration timeout);
  // Waits for what it is doing, at most the timeout.
  ~Canceller();
  Canceller(const Canceller&) = delete;
  Canceller& operator=(const Canceller&) = delete;

  // Any thread.
  void request(std::shared_ptr<Session> session, std::uint64_t lease);

 private:
  struct State;
  static void work(const std::shared_ptr<State>& state);

  const std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace weir::postgres::detail
