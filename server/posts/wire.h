// SPDX-License-Identifier: Apache-2.0
#pragma once

// Post as it crosses the wire.

#include "server/posts/post.h"
#include "weir/posts/v1/posts.pb.h"

namespace weir::posts {

v1::Post to_wire(Post post);
// Into a new message, where it is.
void to_wire(Post post, v1::Post& wire);

}  // namespace weir::posts
