// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/canceller.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "async/detail/thread_name.h"

namespace weir::postgres::detail {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(5);

struct Request {
  std::shared_ptr<Session> session;
  std::uint64_t lease = 0;
  TimePoint due{};
  Duration pause = kFirstPause;
};

bool is_due_later(const Request& a, const Request& b) { return a.due > b.due; }

}  // namespace

struct Canceller::State {
  explicit State(Duration t) : timeout(t) {}

  const Duration timeout;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Request> requests;  // a heap, the earliest in front
  bool is_closing = false;
  bool has_ended = false;

  void push(Request request) {
    requests.push_back(std::move(request));
    std::push_heap(requests.begin(), requests.end(), is_due_later);
  }
  Request pop() {
    std::pop_heap(requests.begin(), requests.end(), is_due_later);
    Request request = std::move(requests.back());
    requests.pop_back();
    return request;
  }
};

Canceller::Canceller(Duration timeout)
    : state_(std::make_shared<State>(timeout)), thread_([state = state_] { work(state); }) {}

Canceller::~Canceller() {
  std::unique_lock lock(state_->mutex);
  state_->is_closing = true;
  state_->changed.notify_all();
  state_->changed.wait_for(lock, state_->timeout, [this] { return state_->has_ended; });
  const bool has_ended = state_->has_ended;
  lock.unlock();
  if (has_ended) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

void Canceller::request(std::shared_ptr<Session> session, std::uint64_t lease) {
  Request request;
  request.session = std::move(session);
  request.lease = lease;
  request.due = std::chrono::steady_clock::now();
  {
    std::lock_guard lock(state_->mutex);
    state_->push(std::move(request));
  }
  state_->changed.notify_all();
}

void Canceller::work(const std::shared_ptr<State>& state) {
  weir::detail::name_this_thread("pg-cancel");
  std::unique_lock lock(state->mutex);
  while (!state->is_closing) {
    if (state->requests.empty()) {
      state->changed.wait(lock);
      continue;
    }
    const TimePoint due = state->requests.front().due;
    if (due > std::chrono::steady_clock::now()) {
      state->changed.wait_until(lock, due);
      continue;
    }
    Request request = state->pop();
    lock.unlock();
    const bool goes_on = request.session->send_cancel(request.lease, state->timeout);
    if (goes_on) {
      request.due = std::chrono::steady_clock::now() + request.pause;
      request.pause *= 2;
    } else {
      request.session.reset();  // while the lock is not held
    }
    lock.lock();
    if (goes_on) state->push(std::move(request));
  }
  state->has_ended = true;
  state->changed.notify_all();
}

}  // namespace weir::postgres::detail
