// SPDX-License-Identifier: Apache-2.0
#include "bench/gload/load.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "bench/gload/clock.h"
#include "bench/gload/die.h"

namespace weir::gload {
namespace {

constexpr Nanos kConnectTime = 10 * kSecond;

std::string grpc_timeout(int milliseconds) {
  return milliseconds == 0 ? std::string() : std::to_string(milliseconds) + "m";
}

std::size_t count_calls(const Options& options) {
  return static_cast<std::size_t>(options.hold > 0 ? options.hold
                                                   : options.connections * options.streams);
}

std::string describe(const Answer& answer, std::uint32_t http2_error) {
  return "http " + std::to_string(answer.http_status) + ", grpc-status " +
         std::to_string(answer.grpc_status) + ", http/2 error " + std::to_string(http2_error) +
         ", " + std::to_string(answer.bytes) + " bytes";
}

// UNAVAILABLE, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED
bool is_refusal(const Answer& answer, std::uint32_t http2_error) {
  return http2_error == 0 &&
         (answer.grpc_status == 14 || answer.grpc_status == 8 || answer.grpc_status == 4);
}

}  // namespace

Load::Load(const Options& options, Workload workload)
    : options_(options),
      workload_(std::move(workload)),
      headers_{workload_.path(),
               options.host + ":" + std::to_string(options.port),
               grpc_timeout(options.deadline_ms),
               options.priority,
               options.source,
               options.tls},
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      calls_(count_calls(options)),
      random_(options.seed),
      gap_(options.rate > 0 ? options.rate / static_cast<double>(kSecond) : 1) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event);
  Connection::Listener& listener = *this;
  for (int i = 0; i < options.connections; ++i) {
    connections_.push_back(
        std::make_unique<Connection>(options.host, options.port, epoll_, headers_, listener));
    connections_.back()->flush();
  }
  const Nanos limit = now_ns() + kConnectTime;
  for (const auto& connection : connections_) {
    while (connection->max_streams() == 0) {
      if (now_ns() > limit) die("the server does not answer as an HTTP/2 server");
      turn(kSecond / 10);
    }
    if (connection->max_streams() < static_cast<std::uint32_t>(options.streams)) {
      die("the server allows " + std::to_string(connection->max_streams()) +
          " calls at once on a connection: take more --conns");
    }
  }
}

Load::~Load() {
  close(timer_);
  close(epoll_);
}

void Load::start() {
  is_started_ = true;
  // Spread over the connections: neighbours are on different ones.
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    calls_[i].connection = connections_[i % connections_.size()].get();
    if (options_.rate > 0) {
      free_.push_back(&calls_[i]);
    } else {
      send(calls_[i], now_ns());
    }
  }
  if (options_.rate > 0) {
    next_arrival_ = now_ns();
    send_arrivals();
  }
  for (const auto& connection : connections_) connection->flush();
}

void Load::send(Call& call, Nanos start) {
  workload_.make_request(call);
  call.start = start;
  call.connection->submit(call);
  ++under_way_;
}

void Load::set_rate(double rate) {
  gap_ = std::exponential_distribution<double>(rate / static_cast<double>(kSecond));
}

void Load::send_arrivals() {
  if (is_stopping_) return;
  const Nanos now = now_ns();
  while (next_arrival_ <= now && !free_.empty()) {
    Call& call = *free_.front();
    free_.pop_front();
    ++counts_.arrivals;
    send(call, next_arrival_);
    call.connection->flush();
    next_arrival_ += static_cast<Nanos>(gap_(random_));
  }
  await_arrival();
}

void Load::await_arrival() {
  if (free_.empty()) return;  // the next answer makes room
  itimerspec when{};
  when.it_value.tv_sec = next_arrival_ / kSecond;
  when.it_value.tv_nsec = next_arrival_ % kSecond;
  timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
}

void Load::finished(Call& call, std::uint32_t http2_error) {
  --under_way_;
  const bool is_right = http2_error == 0 && workload_.is_right(call);
  const bool is_refused = !options_.surge.empty() && is_refusal(call.answer, http2_error);
  if (!is_right && !is_refused) {
    ++counts_.wrong;
    if (counts_.first_wrong.empty()) counts_.first_wrong = describe(call.answer, http2_error);
  }
  if (is_counting_) {
    if (is_right) ++counts_.right;
    if (is_refused) ++counts_.refused;
    counts_.answer_bytes += call.answer.bytes;
    if (!is_refused)
      counts_.latency.add(static_cast<std::uint64_t>(now_ns() - call.start + 500) / 1000);
  }
  if (options_.rate > 0) {
    free_.push_back(&call);
  } else if (!is_stopping_) {
    send(call, now_ns());
  }
}

void Load::turn(Nanos patience) {
  std::array<epoll_event, 64> events{};
  const int count = epoll_wait(epoll_, events.data(), events.size(),
                               static_cast<int>((patience + 999'999) / 1'000'000));
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.ptr == nullptr) {
      std::uint64_t fired = 0;
      [[maybe_unused]] const ssize_t length = read(timer_, &fired, sizeof(fired));
      continue;
    }
    Connection& connection = *static_cast<Connection*>(event.data.ptr);
    if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) connection.readable();
    connection.flush();
  }
  if (options_.rate > 0 && is_started_) send_arrivals();
}

}  // namespace weir::gload
