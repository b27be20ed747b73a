// SPDX-License-Identifier: Apache-2.0
#include "server/posts/wire.h"

#include <utility>

#include "server/api/timestamp.h"

namespace weir::posts {

void to_wire(Post post, v1::Post& wire) {
  wire.set_id(post.id);
  wire.set_user_id(post.user_id);
  wire.set_title(std::move(post.title));
  wire.set_body(std::move(post.body));
  api::set_time(*wire.mutable_create_time(), post.create_time);
}

v1::Post to_wire(Post post) {
  v1::Post wire;
  to_wire(std::move(post), wire);
  return wire;
}

}  // namespace weir::posts
