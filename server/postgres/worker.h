// SPDX-License-Identifier: Apache-2.0
#pragma once

// Worker: a thread that owns a connection, takes one job after the other, and puts both right when
// something fails.

#include <atomic>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "async/backoff.h"
#include "server/log/outage.h"
#include "server/postgres/connection.h"
#include "server/postgres/job_queue.h"
#include "server/postgres/session.h"

namespace weir::postgres::detail {

class Engine;

class Worker {
 public:
  explicit Worker(Engine& engine);
  // Waits for the thread.
  ~Worker();

  bool has_ended() const { return has_ended_.load(std::memory_order_acquire); }
  const std::shared_ptr<Session>& session() const { return session_; }

 private:
  void run();
  bool connect();
  void disconnect();
  bool serve();  // false when the worker is to end
  void execute(const std::shared_ptr<Job>& job);
  absl::Status attempt_until_settled(Job& job);
  absl::Status attempt(Job& job);
  bool wait_before_retry(const Job& job);
  void log(log::Level level, std::string_view message, log::Fields fields = {}) const;

  Engine& engine_;
  const std::shared_ptr<Session> session_ = std::make_shared<Session>();
  JobQueue::Taker taker_{session_};
  std::unique_ptr<Connection> connection_;
  TimePoint expires_{};  // the connection
  log::Outage::Part reaches_;
  Backoff retries_{std::chrono::milliseconds(5), std::chrono::milliseconds(100)};
  std::atomic<bool> has_ended_ = false;
  std::thread thread_;
};

}  // namespace weir::postgres::detail
