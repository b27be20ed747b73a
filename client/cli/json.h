// SPDX-License-Identifier: Apache-2.0
#pragma once

// as_json: a message as the protobuf JSON mapping has it, on one line, with the names of the .proto
// file and every field present, so that scripts find what they look for (int64 is a string there).

#include <string>

#include "google/protobuf/message.h"

namespace weir::cli {

// Without a newline at the end.
std::string as_json(const google::protobuf::Message& message);

}  // namespace weir::cli
