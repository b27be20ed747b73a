// SPDX-License-Identifier: Apache-2.0
#pragma once

// User as it crosses the wire.

#include "server/users/user.h"
#include "weir/users/v1/users.pb.h"

namespace weir::users {

v1::User to_wire(User user);
// Into a new message, where it is.
void to_wire(User user, v1::User& wire);

}  // namespace weir::users
