// SPDX-License-Identifier: Apache-2.0
#include "server/users/user_cache.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/users/user_codec.h"

namespace weir::users {
namespace {

std::string key_of(std::int64_t id) { return absl::StrCat("weir:user:", kFormat, ":", id); }

std::uint64_t cache_version(std::int64_t version) { return static_cast<std::uint64_t>(version); }

Task<redis::Lookup> load(UserRepository* repository, std::int64_t id) {
  absl::StatusOr<std::optional<User>> user = co_await repository->find(id);
  if (!user.ok()) co_return user.status();
  if (!user->has_value()) co_return std::nullopt;
  co_return redis::Versioned(cache_version((*user)->version), encode(**user));
}

}  // namespace

Task<absl::StatusOr<std::optional<User>>> UserCache::find(std::int64_t id) {
  // No coroutine around the other: a call that waits holds its frames.
  if (cache_ == nullptr) return repository_.find(id);
  return find_cached(id);
}

Task<absl::StatusOr<std::optional<User>>> UserCache::find_cached(std::int64_t id) {
  auto load_this = [repository = &repository_, id] { return load(repository, id); };
  redis::Lookup row = co_await cache_->get(key_of(id), load_this);
  if (!row.ok()) co_return row.status();
  if (!row->has_value()) co_return std::nullopt;
  std::optional<User> user = decode((*row)->bytes, static_cast<std::int64_t>((*row)->version));
  // Somebody else wrote under our key.
  if (!user || user->id != id) co_return co_await repository_.find(id);
  co_return user;
}

Task<void> UserCache::put(User user) {
  if (cache_ == nullptr) co_return;
  redis::Versioned row(cache_version(user.version), encode(user));
  co_await cache_->put(key_of(user.id), std::move(row));
}

Task<void> UserCache::erase(std::int64_t id, std::int64_t last_version) {
  if (cache_ == nullptr) co_return;
  co_await cache_->erase(key_of(id), cache_version(last_version));
}

Task<void> UserCache::doubt(std::int64_t id, std::int64_t version) {
  if (cache_ == nullptr) co_return;
  co_await cache_->invalidate(key_of(id), cache_version(version + 1));
}

}  // namespace weir::users
