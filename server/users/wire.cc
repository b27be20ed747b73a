// SPDX-License-Identifier: Apache-2.0
#include "server/users/wire.h"

#include <utility>

#include "server/api/timestamp.h"
#include "server/users/etag.h"

namespace weir::users {

void to_wire(User user, v1::User& wire) {
  wire.set_id(user.id);
  wire.set_name(std::move(user.name));
  wire.set_email(std::move(user.email));
  api::set_time(*wire.mutable_create_time(), user.create_time);
  api::set_time(*wire.mutable_update_time(), user.update_time);
  wire.set_etag(etag_of(user.version));
}

v1::User to_wire(User user) {
  v1::User wire;
  to_wire(std::move(user), wire);
  return wire;
}

}  // namespace weir::users
