// SPDX-License-Identifier: Apache-2.0
#include "server/status/wire_fields.h"

#include <cstdint>

namespace weir::status {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

enum WireType : unsigned {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kGroupBegin = 3,
  kGroupEnd = 4,
  kFixed32 = 5,
};

// As in protobuf's parser: it goes no deeper.
constexpr int kMaxFieldDepth = 100;
constexpr std::size_t kMaxVarint = 10;  // bytes
// What a number of a packed field costs, as a part of a field.
constexpr std::size_t kPackedBytes = 8;

std::optional<std::uint64_t> take_varint(absl::string_view& from) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < from.size() && i < kMaxVarint; ++i) {
    const auto byte = static_cast<unsigned char>(from[i]);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      from.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

// Takes off `left` what it has. False once it is more than was left.
bool count(const Descriptor& type, absl::string_view bytes, int depth, std::size_t& left) {
  WireFields fields(bytes);
  while (const std::optional<WireField> sent = fields.next()) {
    if (left == 0) return false;
    --left;
    if (!sent->has_bytes || sent->is_in_group) continue;
    const FieldDescriptor* field = type.FindFieldByNumber(sent->number);
    if (field == nullptr) continue;
    if (field->is_packable()) {
      const std::size_t cost = sent->bytes.size() / kPackedBytes;
      if (cost > left) return false;
      left -= cost;
    } else if (field->type() == FieldDescriptor::TYPE_MESSAGE && depth < kMaxFieldDepth &&
               !count(*field->message_type(), sent->bytes, depth + 1, left)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::optional<WireField> WireFields::next() {
  if (rest_.empty()) return std::nullopt;
  const std::optional<std::uint64_t> tag = take_varint(rest_);
  if (!tag || *tag > UINT32_MAX || *tag >> 3 == 0) return broken();
  WireField field;
  field.number = static_cast<int>(*tag >> 3);
  field.is_in_group = groups_ > 0;
  std::uint64_t length = 0;
  switch (*tag & 7) {
    case kVarint:
      if (!take_varint(rest_)) return broken();
      break;
    case kFixed64:
      length = sizeof(std::uint64_t);
      break;
    case kFixed32:
      length = sizeof(std::uint32_t);
      break;
    case kBytes: {
      const std::optional<std::uint64_t> said = take_varint(rest_);
      if (!said) return broken();
      length = *said;
      field.has_bytes = true;
      break;
    }
    case kGroupBegin:
      ++groups_;
      field.is_in_group = true;
      break;
    case kGroupEnd:
      if (--groups_ < 0) return broken();
      break;
    default:
      return broken();
  }
  if (length > rest_.size()) return broken();
  field.bytes = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return field;
}

std::optional<WireField> WireFields::broken() {
  is_broken_ = true;
  return std::nullopt;
}

bool has_more_fields(const Descriptor& type, absl::string_view bytes, std::size_t limit) {
  std::size_t left = limit;
  return !count(type, bytes, 0, left);
}

}  // namespace weir::status
