// SPDX-License-Identifier: Apache-2.0
#include "server/status/malformed_request.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/unknown_field_set.h"
#include "server/status/details.h"
#include "server/status/utf8.h"

namespace weir::status {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::UnknownFieldSet;

// The path of each string below `type` that is not UTF-8, in the order they were sent. False if
// `bytes` are no message at all.
bool add_bad_strings(const Descriptor& type, absl::string_view bytes, const std::string& prefix,
                     BadRequest& bad) {
  UnknownFieldSet fields;
  if (!fields.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return false;
  std::map<int, int> seen;  // how often a field number came so far
  for (int i = 0; i < fields.field_count(); ++i) {
    const auto& sent = fields.field(i);
    const FieldDescriptor* field = type.FindFieldByNumber(sent.number());
    if (field == nullptr || sent.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
      continue;
    }
    std::string path = absl::StrCat(prefix, field->name());
    if (field->is_repeated()) absl::StrAppend(&path, "[", seen[field->number()]++, "]");
    if (field->type() == FieldDescriptor::TYPE_STRING && !is_utf8(sent.length_delimited())) {
      bad.add(path, "must be UTF-8");
    } else if (field->type() == FieldDescriptor::TYPE_MESSAGE &&
               !add_bad_strings(*field->message_type(), sent.length_delimited(), path + ".", bad)) {
      bad.add(path, "is not a valid message");
    }
  }
  return true;
}

}  // namespace

absl::Status malformed_request(const Descriptor& type, absl::string_view bytes) {
  BadRequest bad;
  if (add_bad_strings(type, bytes, "", bad) && !bad.ok()) return bad;
  return Error(absl::StatusCode::kInvalidArgument, "MALFORMED_REQUEST",
               absl::StrCat("the request is not a valid ", type.full_name(), " message"))
      .metadata("type", type.full_name());
}

}  // namespace weir::status
