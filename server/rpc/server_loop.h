// SPDX-License-Identifier: Apache-2.0
#pragma once

// ServerLoop: one loop of a server: a thread, a completion queue, and the calls that arrived on it.

#include <grpcpp/server_builder.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "async/detail/intrusive_list.h"
#include "async/join_set.h"
#include "rpc/completion_queue_loop.h"
#include "server/rpc/accept_slots.h"
#include "server/rpc/admission.h"
#include "server/rpc/connections.h"
#include "server/rpc/cork.h"
#include "server/rpc/method.h"
#include "server/rpc/server_call.h"

namespace weir::rpc {

class ServerLoop {
 public:
  struct Shared {
    Admission& admission;
    const Connections& connections;
    // For calls without a deadline, or with a later one.
    Duration max_deadline;
    bool gather_writes;  // see socket_calls.h
  };

  ServerLoop(std::unique_ptr<grpc::ServerCompletionQueue> queue, const Shared& shared);

  // Starts the thread, which awaits up to `slots` calls of each method at any time.
  void start(const std::vector<std::unique_ptr<Method>>& methods, int slots, std::string name);
  // Waits until the last call has ended, which it does once the server is shut down, and frees the
  // queue. Not from the loop's own thread.
  void join();

  EventLoop& event_loop() { return loop_; }
  // Asks every call in progress of that kind to stop. Any thread.
  void cancel_calls(Method::Kind kind);

  // A call that has taken too long to wait for.
  struct Straggler {
    std::string method;
    Duration age;
    std::string awaits;  // its task tree
  };
  // Traffic calls in progress. Waits for the loop's thread, at most `patience`. Any other thread.
  std::vector<Straggler> stragglers(Duration patience);

  // For calls; loop thread.
  grpc::ServerCompletionQueue& queue() { return *queue_; }
  const Shared& shared() const { return shared_; }
  // One has arrived.
  void accept_more(const Method& method) {
    accept(method, slots_.find(&method)->second.arrived(loop_.turns()));
  }
  CancelScope& scope(Method::Kind kind) {
    return kind == Method::Kind::kTraffic ? traffic_ : admin_;
  }
  void call_arrived(ServerCall& call) { in_progress_.push_back(call); }
  Corks& corks() { return corks_; }

 private:
  Task<void> serve(const std::vector<std::unique_ptr<Method>>& methods, int slots);
  void accept(const Method& method, int count) {
    for (; count > 0; --count) calls_->spawn(method.serve_next(*this));
  }

  const Shared shared_;
  grpc::ServerCompletionQueue* const queue_;  // owned by loop_
  CompletionQueueLoop loop_;
  Corks corks_;
  CancelScope traffic_;
  CancelScope admin_;
  JoinSet<void>* calls_ = nullptr;  // while serve() runs
  absl::flat_hash_map<const Method*, AcceptSlots> slots_;
  weir::detail::IntrusiveList<ServerCall, ServerCall> in_progress_;
  std::thread thread_;
};

}  // namespace weir::rpc
