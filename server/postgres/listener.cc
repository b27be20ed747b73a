// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/listener.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "async/backoff.h"
#include "async/detail/thread_name.h"
#include "server/postgres/errors.h"
#include "server/postgres/wait_socket.h"

namespace weir::postgres {
namespace {

using detail::Woken;

// How often the destructor looks whether the thread has ended.
constexpr Duration kEndInterval = std::chrono::milliseconds(5);
// Looks that fail one after the other until it is told.
constexpr int kLasting = 3;

TimePoint now() { return std::chrono::steady_clock::now(); }

}  // namespace

Listener::Listener(Options options, Spec spec, Look look)
    : options_(for_session(std::move(options))),
      spec_(std::move(spec)),
      look_(std::move(look)),
      outage_(options_.log, {"cannot listen", "listening again"}),
      thread_([this] { run(); }),
      watcher_([this] { watch(); }) {}

Listener::~Listener() {
  is_closing_.store(true, std::memory_order_release);
  closing_.set();
  bell_.set();
  watcher_.join();
  thread_.join();
}

void Listener::ring() {
  if (!rung_.exchange(true, std::memory_order_acq_rel)) bell_.set();
}

void Listener::mistake(const std::exception& error) const {
  if (is_closing_ || !options_.log) return;
  options_.log(log::Level::kError, "a listener failed", {{"reason", error.what()}});
}

void Listener::run() {
  weir::detail::name_this_thread("pg-listener");
  Backoff backoff(options_.min_backoff, options_.max_backoff);
  while (!is_closing_.load(std::memory_order_acquire)) {
    if (connect()) {
      backoff.reset();
      is_connected_.store(true, std::memory_order_release);
      serve();
      is_connected_.store(false, std::memory_order_release);
    }
    connection_.reset();
    closing_.wait_until(now() + backoff.next());
  }
  has_ended_.store(true, std::memory_order_release);
}

bool Listener::connect() {
  auto connection = detail::Connection::open(options_, closing_.fd(), session_, counters_);
  if (!connection.ok()) {
    if (!is_closing_) reaches_.failed(connection.status().message());
    return false;
  }
  connection_ = *std::move(connection);
  why_.connected = true;
  try {
    // What a look writes is only ever a NOTIFY, which nobody need wait for the disk for.
    connection_->run_script("SET synchronous_commit = off");
    connection_->run_script(absl::StrCat("LISTEN ", spec_.channel));
  } catch (const std::exception& error) {
    reaches_.failed(error.what());
    return false;
  }
  reaches_.works();
  return true;
}

void Listener::serve() {
  Transaction db(*connection_);
  while (!is_closing_.load(std::memory_order_acquire)) {
    Duration again = spec_.poll;
    why_.rung |= rung_.exchange(false, std::memory_order_acq_rel);
    try {
      again = std::min(again, look_(db, why_));
      why_ = Why();
      failed_looks_ = 0;
    } catch (const std::exception& error) {
      // What a server that stood still cuts off when it goes on is no mistake, unless it lasts.
      const bool is_mistake = absl::IsInternal(detail::to_status(error));
      if (!connection_->is_lost() && (is_mistake || ++failed_looks_ >= kLasting)) mistake(error);
    }
    // Idle, or thrown away: also when what failed left a transaction open.
    if (!connection_->is_ready()) return;
    const TimePoint looked = now();
    again = std::max(again, spec_.pause);
    if (!wait_for_reason(looked + spec_.pause, saturating_add(looked, again))) return;
  }
}

// Until there is a reason to look. False if the connection is lost.
bool Listener::wait_for_reason(TimePoint not_before, TimePoint deadline) {
  for (;;) {
    why_.notified |= connection_->take_notifications() > 0;
    if (connection_->is_lost()) return false;
    if (rung_.load(std::memory_order_acquire) || why_.notified) break;
    switch (detail::wait_socket(connection_->socket(), false, bell_.fd(), deadline)) {
      case Woken::kSocket:
        break;
      case Woken::kStop:
        if (is_closing_.load(std::memory_order_acquire)) return true;
        bell_.clear();
        break;
      case Woken::kDeadline:
        return true;
    }
  }
  closing_.wait_until(not_before);
  return true;
}

void Listener::watch() {
  const Duration interval = std::min<Duration>(options_.statement_timeout, std::chrono::seconds(1));
  while (!closing_.wait_until(now() + interval)) (void)session_.inspect(now(), {});
  const TimePoint patience = now() + options_.cancel_timeout;
  while (!has_ended_.load(std::memory_order_acquire)) {
    if (now() >= patience) (void)session_.inspect(kForever, {});  // cuts whatever it is doing
    std::this_thread::sleep_for(kEndInterval);
  }
}

}  // namespace weir::postgres
