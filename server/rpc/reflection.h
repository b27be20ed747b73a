// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reflection: grpc.reflection.v1.ServerReflection, and v1alpha, which most clients still ask for.
// It tells which services there are and what their messages look like, from what is compiled in.
//
// Our own and not gRPC's plug-in, because each open stream of that holds a thread, and holds
// Server::Shutdown up for its whole limit. These are coroutines, and end when the drain cancels the
// admin calls.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "async/task.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "rpc/stream.h"

namespace weir::rpc {

class Server;

class Reflection {
 public:
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;

  // Adds its routes to `server`. `services` are the names of all that are served, complete once the
  // server starts, and must outlive this.
  Reflection(Server& server, const std::vector<std::string>& services);

 private:
  Task<absl::Status> answer_all(Reader<Request>& requests, Writer<Response>& responses) const;

  const std::vector<std::string>& services_;
};

}  // namespace weir::rpc
