// SPDX-License-Identifier: Apache-2.0
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <deque>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bench/gload/connection.h"
#include "bench/gload/die.h"
#include "bench/gload/histogram.h"
#include "bench/gload/modes.h"
#include "bench/gload/watcher.h"
#include "bench/gload/wire.h"

namespace weir::gload {
namespace {

constexpr Nanos kPatience = 30 * kSecond;
constexpr std::size_t kFrameHeader = 5;

std::string framed(std::string_view message) {
  const auto size = static_cast<std::uint32_t>(message.size());
  std::string frame(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(size >> shift));
  return frame.append(message);
}

class Watch final : public Connection::Listener {
 public:
  explicit Watch(const Options& options)
      : options_(options),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        versions_(static_cast<std::size_t>(options.ids) + 1) {
    const std::string authority = options.host + ":" + std::to_string(options.port);
    watch_headers_ = {"/weir.users.v1.UserService/WatchUsers", authority, ""};
    update_headers_ = {"/weir.users.v1.UserService/UpdateUser", authority, ""};
    for (int i = 0; i < options.connections; ++i) {
      connections_.push_back(connect(watch_headers_));
    }
    writer_ = connect(update_headers_);
    std::string request;
    if (options.batch) wire::put_number(request, 2, 1);
    watchers_.assign(static_cast<std::size_t>(options.watchers), Watcher(versions_.size() - 1));
    for (std::size_t i = 0; i < watchers_.size(); ++i) {
      calls_.emplace_back();
      calls_.back().asked = -static_cast<std::int64_t>(i) - 1;  // not a user: a watcher
      calls_.back().request = framed(request);
      connections_[i % connections_.size()]->submit(calls_.back());
    }
    for (const auto& connection : connections_) connection->flush();
  }
  ~Watch() { close(epoll_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // Changes each user once, until every watcher has seen it: then all watches are on.
  void begin() {
    for (std::size_t user = 1; user < versions_.size(); ++user) change(user, now_ns());
    wait("not every watcher has seen the first changes", [this] { return all_have_begun(); });
  }
  void run_for(double seconds) {
    const Nanos end = now_ns() + static_cast<Nanos>(seconds * 1e9);
    const auto gap = static_cast<Nanos>(1e9 / options_.rate);
    if (next_change_ == 0) next_change_ = now_ns();
    for (Nanos now = now_ns(); now < end; now = now_ns()) {
      for (; next_change_ <= now; next_change_ += gap) {
        next_user_ = next_user_ % static_cast<std::size_t>(options_.ids) + 1;
        change(next_user_, next_change_);
      }
      turn(std::min(next_change_, end) - now);
    }
  }
  void start_counting() {
    is_counting_ = true;
    lag_ = Histogram();
    events_ = changes_ = 0;
  }
  void stop_counting() { is_counting_ = false; }
  void finish() {
    wait("a watcher misses events", [this] { return under_way_ == 0 && all_have_everything(); });
  }

  const Histogram& lag() const { return lag_; }
  std::uint64_t changes() const { return changes_; }
  std::uint64_t messages() const {
    std::uint64_t sum = 0;
    for (const Watcher& watcher : watchers_) sum += watcher.messages();
    return sum;
  }

 private:
  std::unique_ptr<Connection> connect(const Connection::Headers& headers) {
    auto connection =
        std::make_unique<Connection>(options_.host, options_.port, epoll_, headers, *this);
    connection->flush();
    const Nanos limit = now_ns() + kPatience;
    while (connection->max_streams() == 0) {
      if (now_ns() > limit) die("the server does not answer as an HTTP/2 server");
      turn(kSecond / 100);
      connection->flush();
    }
    return connection;
  }

  void change(std::size_t user, Nanos when) {
    if (free_.empty()) {
      calls_.emplace_back();
      free_.push_back(&calls_.back());
    }
    Call& call = *free_.back();
    free_.pop_back();
    call.asked = static_cast<std::int64_t>(user);
    std::string fields;
    wire::put_number(fields, 1, user);
    wire::put_bytes(fields, 2, std::to_string(when));
    std::string request;
    wire::put_bytes(request, 1, fields);
    call.request = framed(request);
    call.start = when;
    bodies_[&call].clear();
    writer_->submit(call);
    ++under_way_;
    ++changes_;
  }

  void received(Call& call, std::string_view data) override {
    if (call.asked > 0) {
      bodies_[&call] += data;
      return;
    }
    const std::string fault =
        watchers_[static_cast<std::size_t>(-call.asked - 1)].take(data, [this](Nanos changed_at) {
          ++events_;
          if (is_counting_) {
            lag_.add(static_cast<std::uint64_t>(std::max<Nanos>(0, now_ns() - changed_at)) / 1000);
          }
        });
    if (!fault.empty()) die("a watcher saw " + fault);
  }

  void finished(Call& call, std::uint32_t) override {
    if (call.asked < 0) die("a watch ended with status " + std::to_string(call.answer.grpc_status));
    if (call.answer.grpc_status != 0) {
      die("an update ended with status " + std::to_string(call.answer.grpc_status));
    }
    const std::string& body = bodies_[&call];
    const auto user = read_user(std::string_view(body).substr(std::min(kFrameHeader, body.size())));
    if (!user || user->id != call.asked) die("an update was answered wrongly");
    std::uint64_t& version = versions_[static_cast<std::size_t>(user->id)];
    version = std::max(version, user->version);
    --under_way_;
    free_.push_back(&call);
  }

  bool all_have_begun() const {
    return std::all_of(watchers_.begin(), watchers_.end(), [this](const Watcher& watcher) {
      for (std::size_t user = 1; user < versions_.size(); ++user) {
        if (watcher.version_of(user) == 0) return false;
      }
      return true;
    });
  }
  bool all_have_everything() const {
    return std::all_of(watchers_.begin(), watchers_.end(), [this](const Watcher& watcher) {
      for (std::size_t user = 1; user < versions_.size(); ++user) {
        if (watcher.version_of(user) != versions_[user]) return false;
      }
      return true;
    });
  }

  template <class Condition>
  void wait(const char* fault, Condition condition) {
    const Nanos limit = now_ns() + kPatience;
    for (Nanos again = now_ns() + kSecond; !condition();) {
      const Nanos now = now_ns();
      if (now > limit) die(fault);
      // A watch that was not on yet has missed the first changes.
      if (now > again && !all_have_begun() && under_way_ == 0) {
        for (std::size_t user = 1; user < versions_.size(); ++user) change(user, now);
        again = now + kSecond;
      }
      turn(kSecond / 100);
    }
  }

  void turn(Nanos most) {
    if (writer_ != nullptr) writer_->flush();
    std::array<epoll_event, 64> events{};
    const auto milliseconds = static_cast<int>(std::max<Nanos>(0, most) / 1'000'000);
    const int count = epoll_wait(epoll_, events.data(), events.size(), milliseconds);
    for (int i = 0; i < count; ++i) {
      auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      if ((events[static_cast<std::size_t>(i)].events & ~EPOLLOUT) != 0) connection.readable();
      connection.flush();
    }
  }

  const Options& options_;
  const int epoll_;
  Connection::Headers watch_headers_;
  Connection::Headers update_headers_;
  std::vector<std::uint64_t> versions_;  // of each user, as the answers say
  std::vector<Watcher> watchers_;
  std::deque<Call> calls_;
  std::vector<Call*> free_;
  std::unordered_map<Call*, std::string> bodies_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::unique_ptr<Connection> writer_;
  std::size_t under_way_ = 0;
  std::size_t next_user_ = 0;
  Nanos next_change_ = 0;
  bool is_counting_ = false;
  Histogram lag_;
  std::uint64_t events_ = 0;
  std::uint64_t changes_ = 0;
};

double rounded(double value) { return std::round(value * 1000) / 1000; }

}  // namespace

int watch(const Options& options) {
  Watch watch(options);
  watch.begin();
  watch.run_for(options.warmup);
  std::vector<double> cpu;
  for (const Process& process : options.processes) cpu.push_back(cpu_seconds(process));
  const double own = own_cpu_seconds();
  const std::uint64_t messages = watch.messages();
  watch.start_counting();
  watch.run_for(options.duration);
  watch.stop_counting();

  nlohmann::ordered_json json;
  json["tool"] = "gload";
  json["watchers"] = options.watchers;
  json["batch"] = options.batch;
  json["changes"] = watch.changes();
  json["events"] = watch.lag().count();
  json["events_per_second"] = rounded(static_cast<double>(watch.lag().count()) / options.duration);
  json["messages"] = watch.messages() - messages;
  json["lag_p50_ms"] = static_cast<double>(watch.lag().at(0.5)) / 1000;
  json["lag_p99_ms"] = static_cast<double>(watch.lag().at(0.99)) / 1000;
  json["lag_max_ms"] = static_cast<double>(watch.lag().max()) / 1000;
  json["cpu"]["client"] = rounded(own_cpu_seconds() - own);
  for (std::size_t i = 0; i < options.processes.size(); ++i) {
    json["cpu"][options.processes[i].name] = rounded(cpu_seconds(options.processes[i]) - cpu[i]);
  }
  watch.finish();  // or ends the program
  std::cout << json << std::endl;
  return 0;
}

}  // namespace weir::gload
