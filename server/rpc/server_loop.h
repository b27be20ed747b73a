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
#include "server/rpc/access_log.h"
#include "server/rpc/admission.h"
#include "server/rpc/authorizer.h"
#include "server/rpc/call_cells.h"
#include "server/rpc/client_account.h"
#include "server/rpc/connection_cache.h"
#include "server/rpc/connections.h"
#include "server/rpc/idle_calls.h"
#include "server/rpc/method.h"
#include "server/rpc/method_limit.h"
#include "server/rpc/server_call.h"
#include "server/rpc/turn_gatherer.h"

namespace weir::rpc {

class ServerLoop final : Runnable {
 public:
  struct Shared {
    Admission& admission;
    Admission& admin_admission;
    const Connections& connections;
    ClientAccounts& accounts;
    // For calls without a deadline, or with a later one.
    Duration max_deadline;
    Duration stream_idle;
    const AccessLogOptions& access_log;
    const Authorizer* authorizer;  // null: everybody may call everything
    telemetry::Tracer* tracer;     // null: no traces
    const LimitOptions& limit;
    std::size_t max_message_bytes;
  };

  using Methods = std::vector<std::unique_ptr<Method>>;

  ServerLoop(std::string name, std::unique_ptr<grpc::ServerCompletionQueue> queue,
             const Shared& shared, const Methods& methods);

  // Starts the thread, which awaits up to `slots` calls of each method at any time.
  void start(int slots);
  // Waits until the last call has ended, which it does once the server is shut down, and frees the
  // queue. Not from the loop's own thread.
  void join();

  const std::string& name() const { return name_; }
  EventLoop& event_loop() { return loop_; }
  const CompletionQueueLoop& queue_loop() const { return loop_; }
  const CallCells& cells() const { return cells_; }
  // Asks every call in progress of that kind to stop. Any thread.
  void cancel_calls(Method::Kind kind);

  // Ends the traffic calls whose requests have not come; once, before `join`. Any thread.
  void end_unread_calls() { loop_.post(*this); }

  // A call that has taken too long to wait for.
  struct Straggler {
    std::string method;
    Duration age;
    std::string awaits;  // its task tree
  };
  // Traffic calls in progress. Waits for the loop's thread, at most `patience`. Any other thread.
  std::vector<Straggler> stragglers(Duration patience);

  using Calls = weir::detail::IntrusiveList<ServerCall, ServerCall>;
  // Traffic calls, by serial. Loop thread.
  const Calls& in_progress() const { return in_progress_; }

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
  // Null: its calls are not limited.
  MethodLimit* limit(const Method& method) { return limits_[method.number()].get(); }
  const MethodLimit* limit(const Method& method) const { return limits_[method.number()].get(); }
  // Returns the call's serial.
  std::uint64_t call_arrived(ServerCall& call) {
    in_progress_.push_back(call);
    return ++last_serial_;
  }
  void admin_call_arrived(ServerCall& call) { admin_in_progress_.push_back(call); }
  CallCells& cells() { return cells_; }
  AccessLog& access_log() { return access_log_; }
  TurnGatherer& writes() { return writes_; }
  ConnectionCache& callers() { return callers_; }

 private:
  Task<void> serve(int slots);
  void run() override {
    in_progress_.for_each([](ServerCall& call) { call.end_if_unread(); });
  }
  void accept(const Method& method, int count) {
    for (; count > 0; --count) calls_->spawn(method.serve_next(*this));
  }

  const std::string name_;
  const Shared shared_;
  const Methods& methods_;
  CallCells cells_;
  AccessLog access_log_;
  grpc::ServerCompletionQueue* const queue_;  // owned by loop_
  CompletionQueueLoop loop_;
  TurnGatherer writes_;
  ConnectionCache callers_;
  CancelScope traffic_;
  CancelScope admin_;
  JoinSet<void>* calls_ = nullptr;  // while serve() runs
  absl::flat_hash_map<const Method*, AcceptSlots> slots_;
  std::vector<std::unique_ptr<MethodLimit>> limits_;  // by the method's number
  Calls in_progress_;
  Calls admin_in_progress_;
  std::uint64_t last_serial_ = 0;
  std::thread thread_;
};

}  // namespace weir::rpc
