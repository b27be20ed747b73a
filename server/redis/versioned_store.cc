// SPDX-License-Identifier: Apache-2.0
#include "server/redis/versioned_store.h"

#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/redis/entry.h"

namespace weir::redis {

VersionedStore::VersionedStore(Client& client)
    : client_(&client), script_(std::make_shared<Script>(kPutIfNewer)) {}

Task<absl::Status> VersionedStore::put_if_newer(std::string key, std::string entry, Duration ttl) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(ttl).count();
  std::vector<std::string> keys;
  keys.push_back(std::move(key));
  std::vector<std::string> arguments;
  arguments.push_back(std::move(entry));
  arguments.push_back(absl::StrCat(ms));
  const absl::StatusOr<Reply> reply =
      co_await client_->eval(*script_, std::move(keys), std::move(arguments));
  co_return reply.status();
}

}  // namespace weir::redis
