// SPDX-License-Identifier: Apache-2.0
#pragma once

// SingleFlight: of all who want the same thing at the same time, one makes it and all get it.
// Tokio: moka's get_with, Go's x/sync/singleflight, with the half they lack: cancellation.
//
//     auto [flight, is_first] = flights.join(key);
//     if (is_first) background.spawn(loop, flight->scope, make(flight));  // ends in
//     flights.land(*flight, value) T value = co_await flights.landed(flight);
//
// A flight is nobody's child: who joins it waits for it, and can leave. When the last has left
// before it landed, its scope is cancelled, for then nobody wants it, and the next to come begins
// anew. Everybody who joins must await `landed`, and whoever is first must see to it that it lands.
//
// T can be made from an absl::Status, which is what one who is told to stop gets.
//
// Thread: any loop's.

#include <coroutine>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "async/detail/intrusive_list.h"
#include "async/detail/waiter.h"

namespace weir::redis {

template <class T>
class SingleFlight {
 public:
  class Landed;

  struct Flight {
    explicit Flight(std::string k) : key(std::move(k)) {}

    const std::string key;
    CancelScope scope;

   private:
    friend class SingleFlight;
    std::optional<T> result_;
    std::size_t aboard_ = 0;
    weir::detail::IntrusiveList<Landed> waiters_;
  };

  struct Boarding {
    std::shared_ptr<Flight> flight;
    bool is_first;
  };

  Boarding join(const std::string& key) {
    std::lock_guard lock(mutex_);
    std::shared_ptr<Flight>& flight = flights_[key];
    const bool is_first = flight == nullptr;
    if (is_first) flight = std::make_shared<Flight>(key);
    ++flight->aboard_;
    return {flight, is_first};
  }

  // Whoever is aboard gets `result`; whoever comes later begins anew.
  void land(Flight& flight, T result) {
    std::lock_guard lock(mutex_);
    forget_locked(flight);
    flight.result_.emplace(std::move(result));
    while (!flight.waiters_.empty()) flight.waiters_.pop_front().wake();
  }

  // What is known has changed: whoever comes from now on does not join the flight under way.
  void forget(const std::string& key) {
    std::lock_guard lock(mutex_);
    flights_.erase(key);
  }

  [[nodiscard]] Landed landed(std::shared_ptr<Flight> flight,
                              std::source_location where = std::source_location::current()) {
    return Landed(*this, std::move(flight), where);
  }

 private:
  // After forget there may be another flight of the same key.
  void forget_locked(const Flight& flight) {
    const auto at = flights_.find(flight.key);
    if (at != flights_.end() && at->second.get() == &flight) flights_.erase(at);
  }

  std::mutex mutex_;
  absl::flat_hash_map<std::string, std::shared_ptr<Flight>> flights_;
};

template <class T>
class [[nodiscard]] SingleFlight<T>::Landed final : weir::detail::Waiter,
                                                    public weir::detail::ListHook<> {
 public:
  Landed(SingleFlight& flights, std::shared_ptr<Flight> flight, std::source_location where)
      : flights_(flights), flight_(std::move(flight)), where_(where) {}

  bool await_ready() const noexcept { return false; }

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    status_ = self.promise().context().status();
    if (!status_.ok()) return false;
    began(self, "single flight", where_);
    {
      std::lock_guard lock(flights_.mutex_);
      if (flight_->result_.has_value()) return false;
      flight_->waiters_.push_back(*this);
    }
    watch_cancellation();
    return true;
  }

  T await_resume() {
    ended();
    std::unique_lock lock(flights_.mutex_);
    const bool is_last = --flight_->aboard_ == 0;
    if (status_.ok()) {
      if (is_last) return *std::move(flight_->result_);
      return *flight_->result_;
    }
    if (is_last && !flight_->result_.has_value()) {
      flights_.forget_locked(*flight_);
      lock.unlock();
      flight_->scope.cancel();
    }
    return std::move(status_);
  }

 private:
  friend class SingleFlight;
  void wake() { complete(); }
  void on_cancel(CancelReason reason) override {
    std::lock_guard lock(flights_.mutex_);
    if (!this->ListHook<>::is_linked()) return;  // it has just landed: take the result
    flight_->waiters_.remove(*this);
    status_ = to_status(reason);
    complete();
  }

  SingleFlight& flights_;
  const std::shared_ptr<Flight> flight_;
  const std::source_location where_;
  absl::Status status_;
};

}  // namespace weir::redis
