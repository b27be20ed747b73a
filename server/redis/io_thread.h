// SPDX-License-Identifier: Apache-2.0
#pragma once

// IoThread: the client's own thread: it owns the connections, and nobody else touches them. In each
// turn it reads what came, takes all commands that wait, writes them, gives up what is overdue, and
// hands the answers back.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/log/outage.h"
#include "server/redis/breaker.h"
#include "server/redis/client.h"
#include "server/redis/connection.h"
#include "server/redis/doorbell.h"
#include "server/redis/file_descriptor.h"
#include "server/redis/inbox.h"
#include "server/redis/options.h"
#include "server/redis/resolver.h"
#include "telemetry/cells.h"

namespace weir::redis {

class IoThread final : public Connection::Owner {
 public:
  explicit IoThread(Options options);
  ~IoThread();

  // From any thread.
  Inbox& inbox() { return inbox_; }
  const Breaker& breaker() const { return breaker_; }
  ClientStats stats() const;
  const telemetry::Histogram& command_times() const { return command_times_; }

 private:
  using Counter = std::atomic<std::uint64_t>;

  void run();
  void turn();
  void wait_for_events();
  void take_inbox();
  void expire();
  void follow_changes();
  void start_connections();
  void send_waiting();
  void stop();

  void answered(Command& command, const redisReply& reply) override;
  void timed_out(Command& command) override;
  void lost(Command& command) override;
  void settle(Command& command);
  void fail(Command& command, absl::Status status);
  void fail_waiting(const char* why);

  Connection* least_busy_connection();
  std::size_t count_ready() const;
  void tell(log::Level level, std::string_view message, log::Fields fields);
  std::string with_address(absl::string_view why) const;

  const Options options_;
  Breaker breaker_;
  const FileDescriptor epoll_;
  const std::shared_ptr<Doorbell> doorbell_ = std::make_shared<Doorbell>();
  Inbox inbox_;
  Resolver resolver_;

  // The thread's own.
  TimePoint now_;
  log::Outage outage_;  // each connection is a part, and this:
  log::Outage::Part answers_{outage_};
  std::vector<std::unique_ptr<Connection>> connections_;
  CommandList waiting_;              // for a connection; in the order of their time
  std::vector<Command*> settled_;    // answered in this turn
  bool breaker_has_opened_ = false;  // in this turn

  // Written by the thread, read by any.
  telemetry::Histogram command_times_{telemetry::kLatencyBounds};
  Counter timeouts_ = 0;
  Counter lost_ = 0;
  Counter abandoned_ = 0;
  Counter batches_ = 0;
  Counter connects_ = 0;
  std::atomic<std::size_t> ready_ = 0;

  std::thread thread_;
};

}  // namespace weir::redis
