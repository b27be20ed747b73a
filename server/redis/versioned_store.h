// SPDX-License-Identifier: Apache-2.0
#pragma once

// VersionedStore: the two things a cache does with Redis. Tests put another in its place.

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "async/task.h"
#include "server/redis/client.h"

namespace weir::redis {

class VersionedStore {
 public:
  // The client must outlive it. NOLINTNEXTLINE(google-explicit-constructor): Cache cache(client);
  VersionedStore(Client& client);

  // co_await yields StatusOr<optional<string>>.
  [[nodiscard]] Get get(const std::string& key) { return client_->get(key); }

  // Stores an encoded Entry unless the one there is as new or newer; OK either way.
  Task<absl::Status> put_if_newer(std::string key, std::string entry, Duration ttl);

 private:
  Client* client_;
  std::shared_ptr<Script> script_;
};

}  // namespace weir::redis
