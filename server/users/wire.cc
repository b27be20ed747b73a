// SPDX-License-Identifier: Apache-2.0
#include "server/users/wire.h"

#include <utility>

#include "server/users/etag.h"

namespace weir::users {
namespace {

void set_time(google::protobuf::Timestamp& out, absl::Time time) {
  constexpr std::int64_t kMicros = 1'000'000;
  const std::int64_t micros = absl::ToUnixMicros(time);
  const std::int64_t into_second = ((micros % kMicros) + kMicros) % kMicros;
  out.set_seconds((micros - into_second) / kMicros);
  out.set_nanos(static_cast<std::int32_t>(into_second * 1000));
}

}  // namespace

v1::User to_wire(User user) {
  v1::User wire;
  wire.set_id(user.id);
  wire.set_name(std::move(user.name));
  wire.set_email(std::move(user.email));
  set_time(*wire.mutable_create_time(), user.create_time);
  set_time(*wire.mutable_update_time(), user.update_time);
  wire.set_etag(etag_of(user.version));
  return wire;
}

}  // namespace weir::users
