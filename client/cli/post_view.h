// SPDX-License-Identifier: Apache-2.0
#pragma once

// Posts as a person wants to see them; times in the local time zone.

#include <string>

#include "client/posts.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace weir::cli {

// One post: a line for each field, then the body.
std::string post_details(const client::Post& post);

// A line for each post, without its body, under headings.
std::string post_table(const google::protobuf::RepeatedPtrField<client::Post>& posts);

}  // namespace weir::cli
