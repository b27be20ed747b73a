// SPDX-License-Identifier: Apache-2.0
#include "server/users/user_requests.h"

#include <string>

#include "server/api/checks.h"
#include "server/users/etag.h"
#include "server/users/update_mask.h"
#include "server/users/validation.h"

namespace weir::users {
namespace {

using status::BadRequest;

std::optional<std::int64_t> required_version(const std::string& etag) {
  if (etag.empty()) return std::nullopt;
  return version_of(etag);
}

}  // namespace

NewUser new_user_of(const v1::CreateUserRequest& request, BadRequest& bad) {
  NewUser user;
  check_name("name", request.name(), bad);
  user.name = request.name();
  user.email = check_email("email", request.email(), bad);
  if (!request.password().empty()) check_password("password", request.password(), bad);
  api::check_request_id("request_id", request.request_id(), bad);
  user.request_id = request.request_id();
  return user;
}

Update update_of(const v1::UpdateUserRequest& request, BadRequest& bad) {
  Update update;
  update.id = request.user().id();
  api::check_id("user.id", update.id, bad);
  update.changes = changes_of(request, bad);
  update.version = required_version(request.user().etag());
  return update;
}

Deletion deletion_of(const v1::DeleteUserRequest& request, BadRequest& bad) {
  api::check_id("id", request.id(), bad);
  return {request.id(), required_version(request.etag())};
}

}  // namespace weir::users
