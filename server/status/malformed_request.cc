// SPDX-License-Identifier: Apache-2.0
#include "server/status/malformed_request.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/status/details.h"
#include "server/status/utf8.h"
#include "server/status/wire_fields.h"

namespace weir::status {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// As in protobuf's parser.
constexpr int kMaxDepth = 100;

// Looks for each string below a message that is not UTF-8, in the order they were sent, up to so
// many as an answer has room for.
class Search {
 public:
  // False if `bytes` are no message at all.
  bool look_at(const Descriptor& type, absl::string_view bytes, int depth) {
    std::map<int, int> seen;  // how often a field number came so far
    WireFields fields(bytes);
    while (const std::optional<WireField> sent = fields.next()) {
      if (found_ == BadRequest::kMaxListed) return true;
      const FieldDescriptor* field = type.FindFieldByNumber(sent->number);
      if (field == nullptr || !sent->has_bytes || sent->is_in_group) continue;
      const std::size_t above = path_.size();
      absl::StrAppend(&path_, above == 0 ? "" : ".", field->name());
      if (field->is_repeated()) absl::StrAppend(&path_, "[", seen[field->number()]++, "]");
      look_into(*field, sent->bytes, depth);
      path_.resize(above);
    }
    return fields.ok();
  }
  const BadRequest& bad() const { return bad_; }

 private:
  void look_into(const FieldDescriptor& field, absl::string_view bytes, int depth) {
    if (field.type() == FieldDescriptor::TYPE_STRING) {
      if (!is_utf8(bytes)) add("must be UTF-8");
    } else if (field.type() == FieldDescriptor::TYPE_MESSAGE) {
      if (depth == kMaxDepth || !look_at(*field.message_type(), bytes, depth + 1)) {
        add("is not a valid message");
      }
    }
  }
  void add(absl::string_view fault) {
    ++found_;
    bad_.add(path_, fault);
  }

  std::string path_;
  std::size_t found_ = 0;
  BadRequest bad_;
};

}  // namespace

absl::Status malformed_request(const Descriptor& type, absl::string_view bytes) {
  Search search;
  if (search.look_at(type, bytes, 0) && !search.bad().ok()) return search.bad();
  return Error(absl::StatusCode::kInvalidArgument, "MALFORMED_REQUEST",
               absl::StrCat("the request is not a valid ", type.full_name(), " message"))
      .metadata("type", type.full_name());
}

}  // namespace weir::status
