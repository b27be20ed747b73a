// SPDX-License-Identifier: Apache-2.0
#pragma once

// Connection: one connection to Redis, through hiredis, and what is under way on it.
//
// Replies come in the order of the commands and carry no other name, so each command leaves a slot.
// A command that nobody waits for any more leaves its slot empty: its reply is thrown away when it
// comes, and the next one goes where it belongs. hiredis itself would rather close the connection
// (hiredis#1128).
//
// A connection is ready when AUTH, SELECT and a PING were answered. Once lost it is idle and can be
// started again. hiredis 0.14 has no timeouts of its own, so all time is kept here.
//
// Thread: the I/O thread's.

#include <cstdint>
#include <deque>
#include <string>

#include "absl/strings/string_view.h"
#include "async/backoff.h"
#include "async/time.h"
#include "server/log/outage.h"
#include "server/redis/command.h"
#include "server/redis/epoll_adapter.h"
#include "server/redis/options.h"

struct redisAsyncContext;
struct redisReply;

namespace weir::redis {

class Connection {
 public:
  // Told what happens. Not to call back into the connection from here, for hiredis is on the stack.
  class Owner {
   public:
    virtual void answered(Command& command, const redisReply& reply) = 0;
    virtual void timed_out(Command& command) = 0;
    virtual void lost(Command& command) = 0;

   protected:
    ~Owner() = default;
  };

  enum class State : unsigned char { kIdle, kResolving, kConnecting, kReady, kLost };

  Connection(Owner& owner, const Options& options, int epoll_fd, log::Outage& outage);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  State state() const { return state_; }
  bool is_ready() const { return state_ == State::kReady; }
  // Commands and handshake whose replies are still to come, awaited by somebody or not.
  std::size_t in_flight() const { return slots_.size(); }

  // An idle connection's attempt begins: the address is looked for, then connected to.
  void resolve(TimePoint now);
  void connect(const std::string& ip, TimePoint now);

  void send(Command& command, TimePoint now);
  void flush();  // writes what was sent
  void handle(std::uint32_t epoll_events);
  // The command is answered otherwise; its reply will be dropped.
  void abandon(const Command& command);

  // Gives up what is overdue.
  void expire(TimePoint now);
  // When something is next due: to start it, to expire something, to look at a change.
  TimePoint next_due() const;

  // Closes it; what is under way is lost. The first reason given is the one that stays.
  void discard(absl::string_view why);

  // What has become of it since the last time it was asked. One that was lost or could not be made
  // is idle after this, until retry_at.
  enum class Change : unsigned char { kNone, kReady, kLost, kNotMade };
  Change take_change(TimePoint now);
  bool is_due_to_start(TimePoint now) const { return state_ == State::kIdle && now >= retry_at_; }
  const std::string& why() const { return why_; }
  // For the owner to tell it what became of it.
  log::Outage::Part& reaches() { return reaches_; }

 private:
  struct Slot {
    Command* command;  // null: nobody's
    TimePoint sent_at;
  };

  static void on_reply(redisAsyncContext*, void* reply, void* self);
  static void on_cleanup(void* self);
  void receive(const redisReply* reply);
  void send_handshake(TimePoint now);
  void send_words(absl::Span<const absl::string_view> words, TimePoint now);
  std::uint64_t end_sequence() const { return head_sequence_ + slots_.size(); }

  Owner& owner_;
  const Options& options_;
  const int epoll_fd_;
  log::Outage::Part reaches_;

  State state_ = State::kIdle;
  redisAsyncContext* context_ = nullptr;
  EpollAdapter adapter_;
  std::string why_;
  Backoff backoff_;
  TimePoint retry_at_{};
  TimePoint ready_by_ = kForever;
  TimePoint ready_since_{};
  bool is_known_ready_ = false;  // the owner was told

  std::deque<Slot> slots_;
  std::uint64_t head_sequence_ = 0;       // of slots_.front()
  std::uint64_t unexpired_sequence_ = 0;  // nobody waits for those before it
  int handshake_left_ = 0;
};

}  // namespace weir::redis
