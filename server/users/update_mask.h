// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an UpdateUserRequest asks to change: its mask [AIP-134, AIP-161], resolved and validated.

#include "server/status/details.h"
#include "server/users/user.h"
#include "weir/users/v1/users.pb.h"

namespace weir::users {

// No mask, or an empty one, means the fields that are set in `user`; "*" means all that can change.
// What is wrong is added to `bad`, and then the result means nothing.
UserChanges changes_of(const v1::UpdateUserRequest& request, status::BadRequest& bad);

}  // namespace weir::users
