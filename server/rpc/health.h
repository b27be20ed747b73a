// SPDX-License-Identifier: Apache-2.0
#pragma once

// Health: grpc.health.v1.Health, Check and Watch, for the server as a whole ("") and each service.
//
// Our own and not gRPC's built-in one, because that begins as SERVING before anything is warm, and
// because its open Watch streams hold Server::Shutdown up for its whole limit (grpc-go#8776,
// grpc-dotnet#2582). These end when the drain cancels the admin calls.
//
// One more name, "liveness", is SERVING for as long as there is a loop to say so: for probes whose
// failure means a restart, which starting and draining must not.
//
// Thread: set from any, one at a time.

#include <functional>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "async/task.h"
#include "async/watch.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "rpc/stream.h"

namespace weir::rpc {

class Server;

class Health {
 public:
  using Serving = grpc::health::v1::HealthCheckResponse::ServingStatus;
  using Request = grpc::health::v1::HealthCheckRequest;
  using Response = grpc::health::v1::HealthCheckResponse;

  static constexpr char kLiveness[] = "liveness";

  // Adds its routes to `server`.
  explicit Health(Server& server);

  // Before the server starts. Begins as NOT_SERVING, like the server as a whole.
  void add_service(std::string name);

  // Of the whole server and of every service.
  void set_serving(bool serving);
  bool is_serving() const;

 private:
  Task<absl::StatusOr<Response>> check(const Request& request) const;
  Task<absl::Status> watch(const Request& request, Writer<Response>& writer) const;

  // Fixed once the server has started.
  std::map<std::string, watch::Sender<Serving>, std::less<>> statuses_;
};

}  // namespace weir::rpc
