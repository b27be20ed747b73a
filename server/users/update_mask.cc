// SPDX-License-Identifier: Apache-2.0
#include "server/users/update_mask.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "server/users/validation.h"

namespace weir::users {
namespace {

constexpr int kMaxPaths = 100;

struct Fields {
  bool name = false;
  bool email = false;
};

Fields named_fields(const v1::UpdateUserRequest& request, status::BadRequest& bad) {
  Fields fields;
  const auto& paths = request.update_mask().paths();
  if (paths.empty()) {
    fields.name = !request.user().name().empty();
    fields.email = !request.user().email().empty();
  }
  if (paths.size() > kMaxPaths) {
    bad.add("update_mask.paths", absl::StrCat("must be at most ", kMaxPaths));
    return fields;
  }
  for (int i = 0; i < paths.size(); ++i) {
    const bool all = paths[i] == "*";
    const bool name = all || paths[i] == "name";
    const bool email = all || paths[i] == "email";
    if (!name && !email) {
      bad.add(absl::StrCat("update_mask.paths[", i, "]"),
              "must be \"name\", \"email\" or \"*\": nothing else of a user can be changed");
    } else if (all && paths.size() > 1) {
      bad.add(absl::StrCat("update_mask.paths[", i, "]"), "must be the only path if it is \"*\"");
    }
    fields.name |= name;
    fields.email |= email;
  }
  return fields;
}

}  // namespace

UserChanges changes_of(const v1::UpdateUserRequest& request, status::BadRequest& bad) {
  const Fields fields = named_fields(request, bad);
  UserChanges changes;
  if (fields.name) {
    check_name("user.name", request.user().name(), bad);
    changes.name = request.user().name();
  }
  if (fields.email) changes.email = check_email("user.email", request.user().email(), bad);
  return changes;
}

}  // namespace weir::users
