// SPDX-License-Identifier: Apache-2.0
#pragma once

// Listener: a connection and a thread that wait for something to happen in Postgres, and then look.
// sqlx: PgListener, with the polling that it needs beside it.
//
//     Listener listener(options, {"weir_user_events"}, [&](Transaction& db, const auto& why) {
//       for (const Row row : db.run(kReadNew, position)) ...
//       return Listener::kNoHurry;
//     });
//     listener.ring();                                        // any thread: look now
//
// NOTIFY only ever wakes. What was sent while the connection was down is lost, so `look` must find
// by itself what is new, and is called after each connect, after notifications, after ring(), and
// every `poll` in any case. Between two looks there is at least `pause`, so that a thousand
// notifications are a few looks. What `look` throws ends the connection, as far as it broke it.
//
// The thread reconnects with back-off for as long as the listener lives. A statement that Postgres
// does not answer is cut off at the statement timeout, and by the destructor.
//
// Trap: LISTEN needs a session, so behind pgbouncer in transaction mode only polling is left.
// Thread: `look` runs on the listener's own, from the constructor to the end of the destructor.

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "server/log/outage.h"
#include "server/postgres/connection.h"
#include "server/postgres/options.h"
#include "server/postgres/session.h"
#include "server/postgres/stop_signal.h"
#include "server/postgres/transaction.h"

namespace weir::postgres {

class Listener {
 public:
  struct Spec {
    std::string channel;  // an SQL identifier
    Duration poll = std::chrono::seconds(1);
    Duration pause = std::chrono::milliseconds(5);
  };
  struct Why {
    bool connected = false;  // the first look on this connection
    bool rung = false;       // here, since the last look that did not throw
    bool notified = false;   // from another session
  };
  // Returns when it wants to look again at the latest.
  using Look = std::function<Duration(Transaction& db, const Why& why)>;
  static constexpr Duration kNoHurry = Duration::max();

  Listener(Options options, Spec spec, Look look);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void ring();

  bool is_connected() const { return is_connected_.load(std::memory_order_acquire); }

 private:
  void run();
  bool connect();
  void serve();
  // The statements that look runs are bounded here too, for a Postgres that does not answer.
  void watch();
  bool wait_for_reason(TimePoint not_before, TimePoint deadline);
  void mistake(const std::exception& error) const;

  const Options options_;
  const Spec spec_;
  const Look look_;
  detail::Counters counters_;
  detail::Session session_;
  detail::StopSignal closing_;
  detail::StopSignal bell_;  // set by ring, and when closing
  std::atomic<bool> is_closing_ = false;
  std::atomic<bool> has_ended_ = false;
  std::atomic<bool> is_connected_ = false;
  std::atomic<bool> rung_ = false;
  log::Outage outage_;
  log::Outage::Part reaches_{outage_};
  Why why_;
  int failed_looks_ = 0;  // one after the other
  std::unique_ptr<detail::Connection> connection_;
  std::thread thread_;
  std::thread watcher_;
};

}  // namespace weir::postgres
