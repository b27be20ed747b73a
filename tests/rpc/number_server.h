// SPDX-License-Identifier: Apache-2.0
#pragma once

// NumberServer: a real server with one method of each shape, whose handlers a test replaces, and
// clients of it over real connections.

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "async/task.h"
#include "server/rpc/server.h"
#include "test_service.grpc.pb.h"
#include "tests/rpc/inbox.h"

namespace weir::rpc::test {

using Stub = Numbers::Stub;

// What tests change of a server's defaults; it listens on a free port.
ServerOptions options_for_tests();

class NumberServer {
 public:
  explicit NumberServer(ServerOptions options = options_for_tests());

  // Set before `start`. By default: value + 1; value times 0, 1, 2 ...; the sum; an echo.
  std::function<Task<absl::StatusOr<Number>>(const Number&)> unary;
  std::function<Task<absl::Status>(const Number&, Writer<Number>&)> server_stream;
  std::function<Task<absl::StatusOr<Number>>(Reader<Number>&)> client_stream;
  std::function<Task<absl::Status>(Reader<Number>&, Writer<Number>&)> bidi;

  void start();
  Server& server() { return server_; }
  // Calls so far that were.
  std::uint64_t refused(Refusal why) const;

  // A connection of its own, that does not retry.
  std::shared_ptr<grpc::Channel> channel(grpc::ChannelArguments arguments = {}) const;
  std::unique_ptr<Stub> client(grpc::ChannelArguments arguments = {}) const;

 private:
  Server server_;
};

// A client's context that no test can hang on.
class CallContext : public grpc::ClientContext {
 public:
  CallContext() { set_deadline(std::chrono::system_clock::now() + 2 * kPatience); }
};

Number number(std::int64_t value);
// A message of about `bytes`.
Number padded(std::size_t bytes);

// One unary call.
grpc::Status call(Stub& client, const Number& request = number(1), Number* response = nullptr);

}  // namespace weir::rpc::test
