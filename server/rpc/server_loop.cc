// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/server_loop.h"

#include <chrono>
#include <utility>

#include "async/detail/thread_name.h"
#include "async/task_tree.h"
#include "server/rpc/call_inspection.h"

namespace weir::rpc {

ServerLoop::ServerLoop(std::string name, std::unique_ptr<grpc::ServerCompletionQueue> queue,
                       const Shared& shared, const Methods& methods)
    : name_(std::move(name)),
      shared_(shared),
      methods_(methods),
      cells_(methods.size()),
      access_log_(shared.access_log),
      queue_(queue.get()),
      loop_(std::move(queue)),
      writes_(loop_),
      callers_(shared.connections, shared.accounts) {
  for (const auto& method : methods) {
    limits_.push_back(method->is_limited() ? std::make_unique<MethodLimit>(shared.limit) : nullptr);
  }
}

void ServerLoop::start(int slots) {
  thread_ = std::thread([this, slots] {
    weir::detail::name_this_thread(name_);
    loop_.run(serve(slots));
  });
}

void ServerLoop::join() {
  if (thread_.joinable()) thread_.join();
}

// Each slot waits for a call; when one comes, another slot takes its place, or several. A slot
// whose request comes back not ok was told that the server has shut down, and so the set runs
// empty.
Task<void> ServerLoop::serve(int slots) {
  CurrentTask& self = co_await this_task();
  const IdleCalls idle(loop_, {&in_progress_, &admin_in_progress_}, shared_.stream_idle);
  JoinSet<void> calls(self);
  calls_ = &calls;
  for (const auto& method : methods_) {
    accept(*method, slots_.emplace(method.get(), slots).first->second.awaited());
  }
  while (co_await calls.join_next()) {
  }
  calls_ = nullptr;
}

void ServerLoop::cancel_calls(Method::Kind kind) { scope(kind).cancel(); }

std::vector<ServerLoop::Straggler> ServerLoop::stragglers(Duration patience) {
  std::vector<Straggler> all;
  CallInspection inspection(*this, [&](const ServerCall& call, TimePoint now) {
    all.push_back({call.method().name(), now - call.arrival(), call.describe_wait()});
    return true;
  });
  (void)inspection.wait_until(std::chrono::steady_clock::now() + patience);
  return all;
}

}  // namespace weir::rpc
