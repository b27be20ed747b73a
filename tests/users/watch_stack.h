// SPDX-License-Identifier: Apache-2.0
#pragma once

// WatchStack: one replica's feed and watches on a test's database; Collector: the client's end of a
// watch.

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "async/thread_loop.h"
#include "rpc/encoded_bytes.h"
#include "server/users/user_watch.h"
#include "tests/users/user_stack.h"

namespace weir::users::testing {

template <class T>
T decode(const rpc::Encoded<T>& encoded) {
  std::string bytes;
  for (const grpc::Slice& slice : encoded.bytes().slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  T message;
  if (!message.ParseFromString(bytes)) throw std::runtime_error("not an encoded message");
  return message;
}

// Takes events until it has enough, alone or in batches, and ends the watch then with ABORTED.
class Collector final : public rpc::Writer<v1::UserEvent> {
 public:
  // `on_begin` runs when the watch is on. What it and `on_event` do holds the watch up: a slow
  // client.
  explicit Collector(std::size_t wanted, std::function<void()> on_begin = nullptr)
      : wanted_(wanted), on_begin_(std::move(on_begin)) {}
  void on_event(std::function<void()> on_event) { on_event_ = std::move(on_event); }

  Task<absl::Status> begin() override {
    if (on_begin_) on_begin_();
    co_return absl::OkStatus();
  }
  Task<absl::Status> write(const v1::UserEvent& message) override {
    ++messages_;
    if (message.type() == v1::UserEvent::TYPE_UNSPECIFIED) {
      token_ = message.resume_token();
      if (message.events().empty() && on_begin_) on_begin_();
      for (const v1::UserEvent& event : message.events()) take(event);
    } else {
      take(message);
    }
    co_return events_.size() < wanted_ ? absl::OkStatus() : absl::AbortedError("enough");
  }
  Task<absl::Status> write(const rpc::Encoded<v1::UserEvent>& message) override {
    largest_ = std::max(largest_, message.size());
    co_return co_await write(decode(message));
  }

  const std::vector<v1::UserEvent>& events() const { return events_; }
  std::size_t messages() const { return messages_; }
  std::size_t largest() const { return largest_; }  // of them, in bytes
  const std::string& token() const { return token_; }
  // "CREATED 7", with the id.
  std::vector<std::string> summary() const;

 private:
  void take(const v1::UserEvent& event) {
    token_ = event.resume_token();
    events_.push_back(event);
    if (on_event_) on_event_();
  }

  const std::size_t wanted_;
  const std::function<void()> on_begin_;
  std::function<void()> on_event_;
  std::vector<v1::UserEvent> events_;
  std::size_t messages_ = 0;
  std::size_t largest_ = 0;
  std::string token_;
};

// Looks only when it is told to, unless changed.
FeedOptions quick_feed();

class WatchStack {
 public:
  explicit WatchStack(UserDatabase& database, const FeedOptions& options = quick_feed());

  // Runs a watch until the collector has enough, at most some seconds.
  absl::Status watch(Collector& collector, const std::string& resume_token = "",
                     bool in_batches = false);
  // The token to begin with now.
  std::string token_of_now();
  // A transaction through the pool, whose commit rings the feed.
  void change(const std::string& name);

  UserFeed& feed() { return feed_; }
  postgres::Pool& pool() { return pool_; }
  CancellationToken& draining() { return draining_; }
  template <class T>
  T run(Task<T> task) {
    return loop_.run(std::move(task));
  }

 private:
  ThreadLoop loop_;
  const api::PageTokens page_tokens_{"the secret of all replicas"};
  const ResumeTokens tokens_{page_tokens_};
  UserFeed feed_;
  postgres::Pool pool_;
  UserRepository repository_;
  CancellationToken draining_;
  UserWatch watch_;
};

}  // namespace weir::users::testing
