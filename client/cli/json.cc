// SPDX-License-Identifier: Apache-2.0
#include "client/cli/json.h"

#include "client/cli/text.h"
#include "google/protobuf/util/json_util.h"

namespace weir::cli {

std::string as_json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  // Fails only for an Any of a type that this program does not know.
  // protobuf escapes most of what a terminal acts upon, but not the newer bidirectional characters.
  return status.ok() ? printable(json) : std::string();
}

}  // namespace weir::cli
