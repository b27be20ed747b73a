// SPDX-License-Identifier: Apache-2.0
#pragma once

// WireFields: the fields of a message in the order in which they were sent, without parsing it.
//
//     WireFields fields(bytes);
//     while (const std::optional<WireField> field = fields.next()) look_at(*field);
//     if (!fields.ok()) return "is no message";
//
// Copies nothing and allocates nothing, so a hostile message costs no more than its bytes.

#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace weir::status {

struct WireField {
  int number = 0;
  bool has_bytes = false;    // it is length-delimited
  bool is_in_group = false;  // of a group, which none of our messages has, and not of the message
  absl::string_view bytes;
};

class WireFields {
 public:
  // `bytes` must outlive this.
  explicit WireFields(absl::string_view bytes) : rest_(bytes) {}

  // nullopt at the end, or where the bytes are no field.
  std::optional<WireField> next();
  // After the last.
  bool ok() const { return !is_broken_ && groups_ == 0; }

 private:
  std::optional<WireField> broken();

  absl::string_view rest_;
  int groups_ = 0;  // that are open
  bool is_broken_ = false;
};

// Whether there are more than `limit` fields in a message of `type`, those of the messages in it
// included. Of bytes that are no message it counts what comes before the fault.
bool has_more_fields(const google::protobuf::Descriptor& type, absl::string_view bytes,
                     std::size_t limit);

}  // namespace weir::status
