// SPDX-License-Identifier: Apache-2.0
#include "server/users/user_service.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "async/or_return.h"
#include "async/try_join.h"
#include "server/api/checks.h"
#include "server/api/paging.h"
#include "server/status/details.h"
#include "server/users/errors.h"
#include "server/users/user_requests.h"
#include "server/users/validation.h"
#include "server/users/wire.h"

namespace weir::users {
namespace {

using status::BadRequest;

constexpr const char* kUsersList = "users";
constexpr api::PageLimits kPageLimits{.default_size = 50, .max_size = 1000, .first = 0};

void check_ids(const v1::BatchGetUsersRequest& request, BadRequest& bad) {
  if (request.ids().empty()) bad.add("ids", "must not be empty");
  if (request.ids_size() > kMaxBatchIds) {
    bad.add("ids", absl::StrCat("must be at most ", kMaxBatchIds));
    return;
  }
  for (int i = 0; i < request.ids_size(); ++i) {
    api::check_id(absl::StrCat("ids[", i, "]"), request.ids(i), bad);
  }
}

void check_tried_password(const std::string& password, BadRequest& bad) {
  if (password.empty()) bad.add("password", "must not be empty");
  if (password.size() > kMaxPasswordBytes) {
    bad.add("password", absl::StrCat("must have at most ", kMaxPasswordBytes, " bytes"));
  }
}

}  // namespace

Task<absl::StatusOr<v1::User>> UserService::create_user(const v1::CreateUserRequest& request) {
  BadRequest bad;
  NewUser user = new_user_of(request, bad);
  if (!bad.ok()) co_return bad;

  if (!request.password().empty()) {
    user.password_hash = co_await or_return(passwords_.hash(request.password()));
  }
  Created created = co_await or_return(repository_.create(std::move(user)));
  // A repeated answer may be out of date.
  if (!created.repeated) co_await cache_.put(created.user);
  co_return to_wire(std::move(created.user));
}

Task<absl::StatusOr<v1::User>> UserService::get_user(const v1::GetUserRequest& request) {
  const std::int64_t id = request.id();
  if (id <= 0) {
    BadRequest bad;
    api::check_id("id", id, bad);
    co_return bad;
  }
  std::optional<User> user = co_await or_return(cache_.find(id));
  if (!user) co_return user_not_found(id);
  co_return to_wire(*std::move(user));
}

Task<absl::StatusOr<v1::ListUsersResponse>> UserService::list_users(
    const v1::ListUsersRequest& request) {
  BadRequest bad;
  const api::Page page = api::page_of(request, kUsersList, kPageLimits, page_tokens_, bad);
  if (!bad.ok()) co_return bad;

  // One more than is asked for tells whether there is a next page.
  const auto read_page = [&](UserRepository& users) {
    return users.list_after(page.position, page.size + 1);
  };
  const auto read_total = [](UserRepository& users) { return users.count(); };
  auto page_and_count =
      co_await or_return(co_await try_join(lists_.read(read_page), lists_.read(read_total)));
  auto& [users, count] = page_and_count;

  v1::ListUsersResponse response;
  response.set_next_page_token(api::cut_to_page(users, page, kUsersList, page_tokens_));
  response.mutable_users()->Reserve(static_cast<int>(users.size()));
  for (User& user : users) to_wire(std::move(user), *response.add_users());
  constexpr std::int64_t kMaxTotal = std::numeric_limits<std::int32_t>::max();
  response.set_total_size(static_cast<std::int32_t>(std::min(count, kMaxTotal)));
  co_return response;
}

Task<absl::StatusOr<v1::User>> UserService::update_user(const v1::UpdateUserRequest& request) {
  BadRequest bad;
  Update update = update_of(request, bad);
  if (!bad.ok()) co_return bad;

  UserRepository::Changed changed =
      co_await repository_.update(update.id, std::move(update.changes), update.version);
  if (changed.version_in_doubt > 0) co_await cache_.doubt(update.id, changed.version_in_doubt);
  User user = co_await or_return(std::move(changed.user));
  co_await cache_.put(user);
  co_return to_wire(std::move(user));
}

Task<absl::StatusOr<google::protobuf::Empty>> UserService::delete_user(
    const v1::DeleteUserRequest& request) {
  BadRequest bad;
  const Deletion deletion = deletion_of(request, bad);
  if (!bad.ok()) co_return bad;

  UserRepository::Changed changed = co_await repository_.remove(deletion.id, deletion.version);
  if (changed.version_in_doubt > 0) co_await cache_.doubt(deletion.id, changed.version_in_doubt);
  const User user = co_await or_return(std::move(changed.user));
  co_await cache_.erase(user.id, user.version);
  co_return google::protobuf::Empty();
}

Task<absl::StatusOr<v1::BatchGetUsersResponse>> UserService::batch_get_users(
    const v1::BatchGetUsersRequest& request) {
  BadRequest bad;
  check_ids(request, bad);
  if (!bad.ok()) co_return bad;

  std::vector<std::int64_t> ids(request.ids().begin(), request.ids().end());
  std::vector<User> users = co_await or_return(repository_.find_all(std::move(ids)));
  absl::flat_hash_map<std::int64_t, v1::User> by_id;
  by_id.reserve(users.size());
  for (User& user : users) {
    v1::User& wire = by_id[user.id];
    to_wire(std::move(user), wire);
  }

  v1::BatchGetUsersResponse response;
  response.mutable_users()->Reserve(request.ids_size());
  for (const std::int64_t id : request.ids()) {
    const auto found = by_id.find(id);
    if (found == by_id.end()) co_return user_not_found(id);
    *response.add_users() = found->second;
  }
  co_return response;
}

Task<absl::StatusOr<v1::User>> UserService::verify_password(
    const v1::VerifyPasswordRequest& request) {
  BadRequest bad;
  const std::string email = check_email("email", request.email(), bad);
  check_tried_password(request.password(), bad);
  if (!bad.ok()) co_return bad;

  co_await or_return(attempts_.admit(email));
  std::optional<Credentials> found = co_await or_return(repository_.find_credentials(email));
  std::string hash;  // stays empty for an unknown user: then it is verified against a dummy
  if (found) hash = found->password_hash;
  const Passwords::Verdict verdict =
      co_await or_return(passwords_.verify(request.password(), hash));
  if (!found || !verdict.matches) co_return wrong_password();
  if (verdict.outdated) co_await rehash(found->user.id, request.password(), std::move(hash));
  co_return to_wire(std::move(found->user));
}

// If it fails, the next login tries again.
Task<void> UserService::rehash(std::int64_t id, std::string password, std::string old_hash) {
  absl::StatusOr<std::string> hash = co_await passwords_.hash(std::move(password));
  if (!hash.ok()) co_return;
  (void)co_await repository_.replace_password_hash(id, std::move(old_hash), *std::move(hash));
}

}  // namespace weir::users
