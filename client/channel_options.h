// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a Channel can be told: plain values, with defaults that suit a service inside a cluster.

#include <grpcpp/security/credentials.h>

#include <memory>
#include <string>

#include "async/time.h"
#include "client/throttle.h"

namespace weir::client {

// When a failed call is tried again; client/retry.h has the rules.
struct RetryOptions {
  int max_attempts = 4;  // the first included; 1: never again
  Duration initial_backoff = std::chrono::milliseconds(50);
  Duration max_backoff = std::chrono::seconds(1);
  // Retries are at most this share of the calls, plus a burst; client/retry_budget.h.
  double budget_ratio = 0.1;
  int budget_burst = 10;
};

enum class Balance : unsigned char {
  kRoundRobin,  // each call to the next address
  kPickFirst,   // all calls to one address, the next when it fails
};

// One endpoint of several whose calls nearly all fail, though it answers and says that it is
// healthy, gets none for a while: a circuit breaker of its own. gRPC's outlier detection (gRFC
// A50), which counts every status but OK: the share must be beyond what an answer such as NOT_FOUND
// can reach. One at least stays in.
struct EjectionOptions {
  bool enabled = true;
  int failed_percent = 90;  // more than that of its calls in an interval
  int least_calls = 50;     // fewer say nothing about an endpoint
  Duration interval = std::chrono::seconds(10);
  // The first time; each further time longer, by as much.
  Duration time = std::chrono::seconds(10);
  int most_percent = 50;  // of the endpoints, out at the same time
};

struct ChannelOptions {
  // "host:port", a list "10.0.0.1:50051,10.0.0.2:50051", or any target of gRPC's:
  // "dns:///name:50051".
  std::string address = "127.0.0.1:50051";
  // Null: plain text.
  std::shared_ptr<grpc::ChannelCredentials> credentials;  // client/tls.h makes some
  // The name that the server's certificate must have, where that is not the address's.
  std::string tls_server_name;

  Balance balance = Balance::kRoundRobin;
  // Watch each server's health and leave the moment it says it drains; only with kRoundRobin. A
  // server without a health service counts as healthy.
  bool health_checks = true;

  // Only with kRoundRobin.
  EjectionOptions ejection;

  // The deadline of a unary call whose Context has none that is earlier; all its attempts share it.
  Duration default_timeout = std::chrono::seconds(5);
  RetryOptions retry;
  // Reads that take longer are tried a second time while the first goes on; zero: never. About the
  // p95 of the slowest of them is right. client/hedge.h has the rules.
  Duration hedge_after{};
  // While the service refuses most calls; client/throttle.h.
  ThrottleOptions throttle;
  // Lets gRPC resend what it knows no server has seen (a stream refused by a GOAWAY). Unlike a
  // retry this can neither do anything twice nor multiply load.
  bool transparent_retries = true;

  int max_receive_message_bytes = 4 << 20;
  int max_send_message_bytes = 4 << 20;

  // The pair of the server's: it pings every 60 s and sends away who pings oftener than every 10 s.
  Duration keepalive_time = std::chrono::seconds(30);
  Duration keepalive_timeout = std::chrono::seconds(10);

  Duration initial_reconnect_backoff = std::chrono::milliseconds(100);
  Duration max_reconnect_backoff = std::chrono::seconds(5);
  // At least this long a connection may take to come about.
  Duration connect_timeout = std::chrono::seconds(5);

  // A name is looked up again when a connection to what it named ends, but not more often than
  // this. gRPC's 30 s is longer than a roll-out takes to replace every server that it named.
  Duration min_time_between_resolutions = std::chrono::seconds(1);

  // Connections of its own, instead of those that the process's other channels to it have.
  bool own_connections = false;
  // Before gRPC's own words in the user-agent header.
  std::string user_agent = "weir-client";
};

}  // namespace weir::client
