// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/server_loop.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "async/detail/thread_name.h"
#include "async/task_tree.h"

namespace weir::rpc {

ServerLoop::ServerLoop(std::unique_ptr<grpc::ServerCompletionQueue> queue, const Shared& shared)
    : shared_(shared),
      queue_(queue.get()),
      loop_(std::move(queue)),
      corks_(loop_, shared.connections, shared.gather_writes) {}

void ServerLoop::start(const std::vector<std::unique_ptr<Method>>& methods, int slots,
                       std::string name) {
  thread_ = std::thread([this, &methods, slots, name = std::move(name)] {
    weir::detail::name_this_thread(name);
    loop_.run(serve(methods, slots));
  });
}

void ServerLoop::join() {
  if (thread_.joinable()) thread_.join();
}

// Each slot waits for a call; when one comes, another slot takes its place, or several. A slot
// whose request comes back not ok was told that the server has shut down, and so the set runs
// empty.
Task<void> ServerLoop::serve(const std::vector<std::unique_ptr<Method>>& methods, int slots) {
  CurrentTask& self = co_await this_task();
  JoinSet<void> calls(self);
  calls_ = &calls;
  for (const auto& method : methods) {
    accept(*method, slots_.emplace(method.get(), slots).first->second.awaited());
  }
  while (co_await calls.join_next()) {
  }
  calls_ = nullptr;
}

void ServerLoop::cancel_calls(Method::Kind kind) { scope(kind).cancel(); }

std::vector<ServerLoop::Straggler> ServerLoop::stragglers(Duration patience) {
  // Shared, because a loop that is stuck answers after we have stopped waiting.
  struct Request final : Runnable {
    explicit Request(ServerLoop& of) : server(of) {}
    void run() override {
      const TimePoint now = server.loop_.now();
      std::unique_lock lock(mutex);
      server.in_progress_.for_each([&](const ServerCall& call) {
        answer.push_back({call.method().name(), now - call.arrival(), call.describe_wait()});
      });
      answered = true;
      changed.notify_all();
      lock.unlock();
      self.reset();
    }
    ServerLoop& server;
    std::mutex mutex;
    std::condition_variable changed;
    bool answered = false;
    std::vector<Straggler> answer;
    std::shared_ptr<Request> self;
  };
  const auto request = std::make_shared<Request>(*this);
  request->self = request;
  loop_.post(*request);
  std::unique_lock lock(request->mutex);
  request->changed.wait_for(lock, patience, [&] { return request->answered; });
  return request->answer;
}

}  // namespace weir::rpc
