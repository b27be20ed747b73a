// SPDX-License-Identifier: Apache-2.0
#include "server/redis/io_thread.h"

#include <signal.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "async/detail/thread_name.h"

namespace weir::redis {
namespace {

// A counter with one writer needs no atomic addition.
void count(std::atomic<std::uint64_t>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// hiredis 0.14 writes with write(2), which raises the signal when Redis has gone: EPIPE is enough.
void block_sigpipe() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

IoThread::IoThread(Options options)
    : options_(std::move(options)),
      breaker_(options_.breaker_threshold),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      inbox_(breaker_, *doorbell_, options_.max_commands, options_.max_bytes),
      resolver_(options_.address.host, doorbell_->fd()),
      now_(std::chrono::steady_clock::now()),
      outage_(options_.log, {"cannot be reached", "connected again"}) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;  // the doorbell; a connection's is the connection
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, doorbell_->fd(), &event);
  for (std::size_t i = 0; i < std::max<std::size_t>(options_.connections, 1); ++i) {
    connections_.push_back(std::make_unique<Connection>(*this, options_, epoll_.get(), outage_));
  }
  thread_ = std::thread([this] { run(); });
}

IoThread::~IoThread() {
  inbox_.close();
  thread_.join();
}

void IoThread::run() {
  weir::detail::name_this_thread("redis");
  block_sigpipe();
  // Whatever is submitted before the inbox closes is taken after we have seen it closed.
  while (!inbox_.is_closed()) turn();
  stop();
}

void IoThread::turn() {
  wait_for_events();
  take_inbox();
  expire();
  follow_changes();
  start_connections();
  send_waiting();
  for (const auto& connection : connections_) connection->flush();
  inbox_.complete(settled_);
}

void IoThread::wait_for_events() {
  TimePoint due = waiting_.empty() ? kForever : waiting_.front().give_up_at_;
  for (const auto& connection : connections_) due = std::min(due, connection->next_due());
  int timeout_ms = 0;
  if (due > now_ && inbox_.may_sleep()) {
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(due - now_).count();
    timeout_ms = due == kForever ? -1 : static_cast<int>(std::min<std::int64_t>(ms, 60'000));
  }
  std::array<epoll_event, 16> events;
  const int count =
      ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout_ms);
  now_ = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i) {
    if (events[i].data.ptr != nullptr) {
      static_cast<Connection*>(events[i].data.ptr)->handle(events[i].events);
    } else {
      doorbell_->quieten();
    }
  }
}

void IoThread::take_inbox() {
  CommandList commands;
  CancelList cancels;
  inbox_.take(commands, cancels);
  while (!commands.empty()) {
    Command& command = commands.pop_front();
    command.give_up_at_ = now_ + options_.command_timeout;
    waiting_.push_back(command);
  }
  while (!cancels.empty()) {
    Command& command = cancels.pop_front();
    if (command.settled_) continue;
    if (command.connection_ != nullptr) {
      command.connection_->abandon(command);
    } else {
      CommandList::remove(command);
    }
    count(abandoned_);
    fail(command, weir::to_status(command.cancel_reason_));
  }
}

void IoThread::expire() {
  while (!waiting_.empty() && waiting_.front().give_up_at_ <= now_) timed_out(waiting_.pop_front());
  for (const auto& connection : connections_) connection->expire(now_);
  if (!std::exchange(breaker_has_opened_, false)) return;
  answers_.failed(with_address("commands in a row got no answer"));
  // Whether Redis answers again, a fresh connection's PING will tell.
  for (const auto& connection : connections_) connection->discard("the breaker opened");
}

void IoThread::follow_changes() {
  for (const auto& connection : connections_) {
    switch (connection->take_change(now_)) {
      case Connection::Change::kNone:
        continue;
      case Connection::Change::kReady:
        tell(connects_ == 0 ? log::Level::kInfo : log::Level::kDebug, "connected",
             {{"address", options_.address.printable()}});
        count(connects_);
        connection->reaches().works();
        if (breaker_.probe_answered()) answers_.works();
        break;
      case Connection::Change::kLost:
        tell(log::Level::kDebug, "a connection was lost",
             {{"reason", with_address(connection->why())}});
        break;
      case Connection::Change::kNotMade:
        connection->reaches().failed(with_address(connection->why()));
        if (count_ready() == 0) breaker_.trip();
    }
    ready_.store(count_ready(), std::memory_order_relaxed);
  }
  if (!breaker_.admits() && count_ready() == 0) fail_waiting("Redis is unavailable");
}

void IoThread::start_connections() {
  for (const auto& connection : connections_) {
    if (!connection->is_due_to_start(now_)) continue;
    connection->resolve(now_);
    resolver_.ask();
    breaker_.probe_began();
  }
  const std::optional<absl::StatusOr<std::string>> answer = resolver_.take_answer();
  if (!answer) return;
  for (const auto& connection : connections_) {
    if (connection->state() != Connection::State::kResolving) continue;
    if (answer->ok()) {
      connection->connect(**answer, now_);
    } else {
      connection->discard(answer->status().message());
    }
  }
}

void IoThread::send_waiting() {
  if (waiting_.empty()) return;
  Connection* const connection = least_busy_connection();
  if (connection == nullptr) return;
  while (!waiting_.empty()) connection->send(waiting_.pop_front(), now_);
  count(batches_);
}

void IoThread::stop() {
  take_inbox();
  fail_waiting("the Redis client is closed");
  for (const auto& connection : connections_) connection->discard("the client is closed");
  inbox_.complete(settled_);
  ready_ = 0;
}

void IoThread::answered(Command& command, const redisReply& reply) {
  command.reply_ = to_reply(reply);
  command_times_.add(now_ - (command.give_up_at_ - options_.command_timeout));
  breaker_.command_answered();
  settle(command);
}

void IoThread::timed_out(Command& command) {
  count(timeouts_);
  if (breaker_.command_unanswered()) breaker_has_opened_ = true;
  fail(command, absl::UnavailableError("Redis did not answer in time"));
}

void IoThread::lost(Command& command) {
  count(lost_);
  fail(command, absl::UnavailableError("the connection to Redis was lost"));
}

void IoThread::settle(Command& command) {
  command.settled_ = true;
  settled_.push_back(&command);
}

void IoThread::fail(Command& command, absl::Status status) {
  command.status_ = std::move(status);
  settle(command);
}

void IoThread::fail_waiting(const char* why) {
  while (!waiting_.empty()) fail(waiting_.pop_front(), absl::UnavailableError(why));
}

Connection* IoThread::least_busy_connection() {
  Connection* best = nullptr;
  for (const auto& connection : connections_) {
    if (!connection->is_ready()) continue;
    if (best == nullptr || connection->in_flight() < best->in_flight()) best = connection.get();
  }
  return best;
}

std::size_t IoThread::count_ready() const {
  return static_cast<std::size_t>(std::count_if(connections_.begin(), connections_.end(),
                                                [](const auto& c) { return c->is_ready(); }));
}

void IoThread::tell(log::Level level, std::string_view message, log::Fields fields) {
  if (options_.log) options_.log(level, message, fields);
}

std::string IoThread::with_address(absl::string_view why) const {
  return absl::StrCat(options_.address.printable(), ": ", why);
}

ClientStats IoThread::stats() const {
  ClientStats stats;
  stats.commands = inbox_.accepted();
  stats.refused = inbox_.refused();
  stats.timeouts = timeouts_.load(std::memory_order_relaxed);
  stats.lost = lost_.load(std::memory_order_relaxed);
  stats.abandoned = abandoned_.load(std::memory_order_relaxed);
  stats.batches = batches_.load(std::memory_order_relaxed);
  stats.connects = connects_.load(std::memory_order_relaxed);
  stats.in_flight = inbox_.in_flight();
  stats.ready_connections = ready_.load(std::memory_order_relaxed);
  stats.breaker = breaker_.state();
  return stats;
}

}  // namespace weir::redis
