// SPDX-License-Identifier: Apache-2.0
// The floor: what gRPC itself costs. A bare completion-queue server that answers GetUser and
// GetDashboard with a constant, under the id that was asked for: the state machine of gRPC's own
// example (greeter_async_server.cc), no coroutines, no database, one write per call. What the
// service is measured against.
//
//   weir-floor --address 127.0.0.1:50061 [--queues N] [--async-next] [--slots N]

#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/floor/floor_call.h"
#include "bench/floor/methods.h"

namespace weir::floor {
namespace {

using Queue = std::unique_ptr<grpc::ServerCompletionQueue>;

// Both wait in the same place inside gRPC and differ only in what they do around it; which is
// faster depends on the machine.
bool next(grpc::CompletionQueue& queue, bool async_next, void** tag, bool* ok) {
  if (!async_next) return queue.Next(tag, ok);
  return queue.AsyncNext(tag, ok, gpr_inf_future(GPR_CLOCK_MONOTONIC)) ==
         grpc::CompletionQueue::GOT_EVENT;
}

struct Services {
  GetUser::Service users;
  GetDashboard::Service dashboards;
};

void serve(Services& services, grpc::ServerCompletionQueue& queue, int slots, bool async_next) {
  for (int i = 0; i < slots; ++i) {
    FloorCall<GetUser>::expect(services.users, queue);
    FloorCall<GetDashboard>::expect(services.dashboards, queue);
  }
  void* tag = nullptr;
  bool ok = false;
  while (next(queue, async_next, &tag, &ok)) static_cast<Tag*>(tag)->proceed(ok);
}

}  // namespace
}  // namespace weir::floor

int main(int argc, char** argv) {
  using namespace weir::floor;
  std::string address = "127.0.0.1:50061";
  int queues = 1;
  int slots = 64;
  bool async_next = false;
  CLI::App app("A bare gRPC server: the floor that weir-server is measured against.", "weir-floor");
  app.add_option("--address", address, "where to listen")->capture_default_str();
  app.add_option("--queues", queues, "completion queues, each with a thread of its own")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_option("--slots", slots, "calls that each queue awaits at any time")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_flag("--async-next", async_next, "take events with AsyncNext in place of Next");
  CLI11_PARSE(app, argc, argv);

  // Before gRPC starts threads, which inherit it.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  Services services;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(&services.users);
  builder.RegisterService(&services.dashboards);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  std::vector<Queue> all;
  for (int i = 0; i < queues; ++i) all.push_back(builder.AddCompletionQueue());
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    std::fprintf(stderr, "weir-floor: cannot listen on %s\n", address.c_str());
    return EXIT_FAILURE;
  }
  std::vector<std::thread> threads;
  for (const Queue& queue : all) {
    threads.emplace_back(
        [&services, &queue, slots, async_next] { serve(services, *queue, slots, async_next); });
  }

  int signal = 0;
  sigwait(&signals, &signal);
  server->Shutdown();
  for (const Queue& queue : all) queue->Shutdown();
  for (std::thread& thread : threads) thread.join();
}
