// SPDX-License-Identifier: Apache-2.0
#include "server/redis/connection.h"

#include <hiredis/async.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/redis/resp.h"

namespace weir::redis {

Connection::Connection(Owner& owner, const Options& options, int epoll_fd, log::Outage& outage)
    : owner_(owner),
      options_(options),
      epoll_fd_(epoll_fd),
      reaches_(outage),
      backoff_(options.backoff_base, options.backoff_cap) {}

Connection::~Connection() { discard("the client is closed"); }

void Connection::resolve(TimePoint now) {
  state_ = State::kResolving;
  why_.clear();
  ready_by_ = now + options_.connect_timeout;
}

void Connection::connect(const std::string& ip, TimePoint now) {
  state_ = State::kConnecting;
  context_ = ::redisAsyncConnect(ip.c_str(), options_.address.port);
  if (context_ == nullptr) return discard("out of memory");
  if (context_->err != 0) {
    const std::string error = context_->errstr;
    ::redisAsyncFree(std::exchange(context_, nullptr));
    return discard(error);
  }
  adapter_.attach(*context_, epoll_fd_, this, &Connection::on_cleanup);
  send_handshake(now);
}

void Connection::send_handshake(TimePoint now) {
  const Address& address = options_.address;
  std::vector<absl::string_view> auth;
  if (!address.password.empty()) auth.push_back("AUTH");
  if (!address.password.empty() && !address.user.empty()) auth.push_back(address.user);
  if (!address.password.empty()) auth.push_back(address.password);
  if (!auth.empty()) send_words(auth, now);
  if (address.database != 0) {
    const std::string database = absl::StrCat(address.database);
    send_words(std::array<absl::string_view, 2>{"SELECT", database}, now);
  }
  send_words(std::array<absl::string_view, 1>{"PING"}, now);
  handshake_left_ = static_cast<int>(slots_.size());
}

void Connection::send_words(absl::Span<const absl::string_view> words, TimePoint now) {
  Request request;
  request.encode(words);
  if (::redisAsyncFormattedCommand(context_, &Connection::on_reply, this, request.bytes().data(),
                                   request.bytes().size()) == REDIS_OK) {
    slots_.push_back({nullptr, now});
  }
}

void Connection::send(Command& command, TimePoint now) {
  const absl::string_view bytes = command.request_.bytes();
  if (context_ == nullptr || ::redisAsyncFormattedCommand(context_, &Connection::on_reply, this,
                                                          bytes.data(), bytes.size()) != REDIS_OK) {
    return owner_.lost(command);
  }
  command.connection_ = this;
  command.sequence_ = end_sequence();
  slots_.push_back({&command, now});
}

void Connection::flush() {
  if (context_ == nullptr) return;
  const bool is_connected = (context_->c.flags & REDIS_CONNECTED) != 0;
  if (is_connected && adapter_.wants_write()) ::redisAsyncHandleWrite(context_);
  adapter_.update();
}

void Connection::handle(std::uint32_t epoll_events) {
  // hiredis frees the context when it meets an error: look again before each step.
  if (context_ != nullptr && (epoll_events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
    ::redisAsyncHandleWrite(context_);
  }
  if (context_ != nullptr && (epoll_events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
    ::redisAsyncHandleRead(context_);
  }
  if (context_ != nullptr && !why_.empty()) discard(why_);  // Redis refused the handshake
}

void Connection::on_reply(redisAsyncContext*, void* reply, void* self) {
  static_cast<Connection*>(self)->receive(static_cast<const redisReply*>(reply));
}

void Connection::receive(const redisReply* reply) {
  Command* const command = slots_.front().command;
  slots_.pop_front();
  ++head_sequence_;
  if (handshake_left_ > 0) {
    if (reply == nullptr) return;
    if (reply->type == REDIS_REPLY_ERROR) {
      if (why_.empty()) why_.assign(reply->str, static_cast<std::size_t>(reply->len));
    } else if (--handshake_left_ == 0) {
      state_ = State::kReady;
    }
    return;
  }
  if (command == nullptr) return;
  if (reply != nullptr) {
    owner_.answered(*command, *reply);
  } else {
    owner_.lost(*command);
  }
}

void Connection::on_cleanup(void* self) {
  auto& connection = *static_cast<Connection*>(self);
  connection.adapter_.detach();
  if (connection.why_.empty()) connection.why_ = connection.context_->c.errstr;
  connection.context_ = nullptr;
  connection.state_ = State::kLost;
}

void Connection::abandon(const Command& command) {
  slots_[command.sequence_ - head_sequence_].command = nullptr;
}

void Connection::expire(TimePoint now) {
  if (state_ == State::kResolving || state_ == State::kConnecting) {
    if (now >= ready_by_) discard("no answer within the connect timeout");
    return;
  }
  unexpired_sequence_ = std::max(unexpired_sequence_, head_sequence_);
  for (; unexpired_sequence_ < end_sequence(); ++unexpired_sequence_) {
    Command*& command = slots_[unexpired_sequence_ - head_sequence_].command;
    if (command == nullptr) continue;
    if (now < command->give_up_at_) break;
    owner_.timed_out(*std::exchange(command, nullptr));
  }
  if (!slots_.empty() && now >= slots_.front().sent_at + options_.stall_timeout) {
    discard("a reply is overdue");
  }
}

TimePoint Connection::next_due() const {
  switch (state_) {
    case State::kIdle:
      return retry_at_;
    case State::kResolving:
    case State::kConnecting:
      return ready_by_;
    case State::kLost:
      return TimePoint::min();
    case State::kReady:
      break;
  }
  if (slots_.empty()) return kForever;
  const TimePoint stalled_at = slots_.front().sent_at + options_.stall_timeout;
  // The oldest that is waited for; almost always the very first.
  for (std::uint64_t i = std::max(unexpired_sequence_, head_sequence_); i < end_sequence(); ++i) {
    const Command* command = slots_[i - head_sequence_].command;
    if (command != nullptr) return std::min(stalled_at, command->give_up_at_);
  }
  return stalled_at;
}

void Connection::discard(absl::string_view why) {
  if (state_ == State::kIdle || state_ == State::kLost) return;
  if (why_.empty()) why_ = std::string(why);
  state_ = State::kLost;
  // Answers what is under way with nothing, and calls on_cleanup.
  if (context_ != nullptr) ::redisAsyncFree(context_);
}

Connection::Change Connection::take_change(TimePoint now) {
  if (state_ == State::kReady && !is_known_ready_) {
    is_known_ready_ = true;
    ready_since_ = now;
    return Change::kReady;
  }
  if (state_ != State::kLost) return Change::kNone;
  state_ = State::kIdle;
  handshake_left_ = 0;
  head_sequence_ = unexpired_sequence_ = 0;
  const bool was_ready = std::exchange(is_known_ready_, false);
  if (was_ready && now - ready_since_ >= options_.healthy_after) backoff_.reset();
  retry_at_ = now + backoff_.next();
  return was_ready ? Change::kLost : Change::kNotMade;
}

}  // namespace weir::redis
