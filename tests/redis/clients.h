// SPDX-License-Identifier: Apache-2.0
#pragma once

// Clients that the tests ask Redis with.

#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "async/task.h"
#include "server/redis/client.h"
#include "tests/redis/redis_server.h"

namespace weir::redis {

using Value = absl::StatusOr<std::optional<std::string>>;

// One client for the tests that only ask; a new one for each seed would mostly test connecting.
inline Client& shared_client() {
  static Client client(RedisServer::shared().options());
  return client;
}

inline Task<Value> get(Client& client, std::string key) { co_return co_await client.get(key); }

}  // namespace weir::redis
