// SPDX-License-Identifier: Apache-2.0
#include "tests/users/user_stack.h"

#include <cstdlib>
#include <random>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/postgres/migrations.h"

namespace weir::users::testing {
namespace {

// All replicas of one test's service share it; no two tests do.
std::string secret_of(const postgres::Options& options) { return options.url; }

std::int64_t random_id() {
  std::random_device random;
  return (std::int64_t{random()} << 20) + 1;
}

std::unique_ptr<redis::Cache> make_cache(redis::Client* redis, bool wanted) {
  if (redis == nullptr || !wanted) return nullptr;
  return std::make_unique<redis::Cache>(redis::VersionedStore(*redis), redis::CacheOptions());
}

}  // namespace

UserDatabase::UserDatabase() : first_id_(random_id()) {
  const absl::StatusOr<int> applied = postgres::migrate(database_.options());
  if (!applied.ok()) throw std::runtime_error(applied.status().ToString());
  psql().run(absl::StrCat("ALTER TABLE users ALTER COLUMN id RESTART WITH ", first_id_));
}

std::int64_t UserDatabase::add_user() {
  const std::string id = psql().value(
      "INSERT INTO users (name, email) VALUES ('Ada', gen_random_uuid() || '@example.com') "
      "RETURNING id");
  return std::stoll(id);
}

StackOptions::StackOptions() {
  const char* url = std::getenv("WEIR_REDIS_URL");
  if (url == nullptr) {
    throw std::runtime_error("WEIR_REDIS_URL is not set: run this with scripts/with_stack.sh");
  }
  redis.address = redis::parse_url(url).value();
  cost.memory_kib = 8;
  cost.iterations = 1;
}

UserStack::UserStack(UserDatabase& database, const StackOptions& options)
    : pool_(database.options()),
      redis_(options.with_redis ? std::make_unique<redis::Client>(options.redis) : nullptr),
      cache_(make_cache(redis_.get(), options.with_cache)),
      repository_(pool_),
      user_cache_(repository_, cache_.get()),
      passwords_(hashing_, options.cost),
      attempts_(redis_.get(), secret_of(database.options()), options.attempts),
      page_tokens_(secret_of(database.options())),
      service_(repository_, user_cache_, passwords_, attempts_, page_tokens_) {}

UserStack::~UserStack() {
  if (cache_) run(cache_->close());
  if (redis_) redis_->close();
}

absl::StatusOr<v1::User> UserStack::create(const std::string& name, const std::string& email,
                                           const std::string& password,
                                           const std::string& request_id) {
  v1::CreateUserRequest request;
  request.set_name(name);
  request.set_email(email);
  request.set_password(password);
  request.set_request_id(request_id);
  return run(service_.create_user(request));
}

absl::StatusOr<v1::User> UserStack::get(std::int64_t id) {
  v1::GetUserRequest request;
  request.set_id(id);
  return run(service_.get_user(request));
}

absl::StatusOr<v1::ListUsersResponse> UserStack::list(int page_size,
                                                      const std::string& page_token) {
  v1::ListUsersRequest request;
  request.set_page_size(page_size);
  request.set_page_token(page_token);
  return run(service_.list_users(request));
}

absl::StatusOr<v1::User> UserStack::rename(std::int64_t id, const std::string& name,
                                           const std::string& etag) {
  v1::UpdateUserRequest request;
  request.mutable_user()->set_id(id);
  request.mutable_user()->set_name(name);
  request.mutable_user()->set_etag(etag);
  request.mutable_update_mask()->add_paths("name");
  return run(service_.update_user(request));
}

absl::Status UserStack::remove(std::int64_t id, const std::string& etag) {
  v1::DeleteUserRequest request;
  request.set_id(id);
  request.set_etag(etag);
  return run(service_.delete_user(request)).status();
}

absl::StatusOr<v1::BatchGetUsersResponse> UserStack::batch_get(
    const std::vector<std::int64_t>& ids) {
  v1::BatchGetUsersRequest request;
  request.mutable_ids()->Add(ids.begin(), ids.end());
  return run(service_.batch_get_users(request));
}

absl::StatusOr<v1::User> UserStack::verify(const std::string& email, const std::string& password) {
  v1::VerifyPasswordRequest request;
  request.set_email(email);
  request.set_password(password);
  return run(service_.verify_password(request));
}

}  // namespace weir::users::testing
