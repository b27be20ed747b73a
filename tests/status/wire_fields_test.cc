// SPDX-License-Identifier: Apache-2.0
#include "server/status/wire_fields.h"

#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "google/protobuf/descriptor.pb.h"
#include "weir/batch/v1/batch.pb.h"
#include "weir/users/v1/users.pb.h"

namespace weir::status {
namespace {

using batch::v1::SubmitBatchRequest;
using google::protobuf::UnknownFieldSet;

// The fields, or -1 for bytes that are no message.
int count_fields(absl::string_view bytes) {
  WireFields fields(bytes);
  int count = 0;
  while (fields.next()) ++count;
  return fields.ok() ? count : -1;
}

std::string bytes_of(const UnknownFieldSet& fields) {
  std::string bytes;
  fields.SerializeToString(&bytes);
  return bytes;
}

TEST(WireFields, AreInTheOrderOfTheBytes) {
  UnknownFieldSet sent;
  sent.AddVarint(1, 300);
  sent.AddFixed64(2, 5);
  sent.AddFixed32(3, 5);
  sent.AddLengthDelimited(4)->assign("text");
  sent.AddGroup(5)->AddLengthDelimited(4)->assign("inside");
  const std::string bytes = bytes_of(sent);
  WireFields fields(bytes);
  for (int number = 1; number <= 3; ++number) EXPECT_EQ(fields.next()->number, number);
  const auto text = fields.next();
  EXPECT_TRUE(text->has_bytes);
  EXPECT_EQ(text->bytes, "text");
  EXPECT_FALSE(text->is_in_group);
  EXPECT_EQ(fields.next()->number, 5);
  EXPECT_TRUE(fields.next()->is_in_group);
  EXPECT_EQ(fields.next()->number, 5);
  EXPECT_FALSE(fields.next().has_value());
  EXPECT_TRUE(fields.ok());
}

TEST(WireFields, WhatIsNoMessageIsSaidToBeNone) {
  for (const std::string bytes : {"\x08", "\x0A\x05xy", "\x0D\x01", "\x09\x01", "\x0B", "\x0C",
                                  "\x0F", "\x02", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"}) {
    EXPECT_EQ(count_fields(bytes), -1);
  }
  EXPECT_EQ(count_fields(""), 0);
}

// With protobuf's own parser as the judge.
TEST(WireFields, AgreeWithTheParserOnNoise) {
  std::mt19937 random(7);
  int messages = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 8, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 64);
    UnknownFieldSet parsed;
    const bool is_message = parsed.ParseFromString(bytes);
    messages += is_message ? 1 : 0;
    // Not the reverse: the parser wants each group closed by its own number, and this does not.
    EXPECT_TRUE(!is_message || count_fields(bytes) >= 0) << i;
  }
  EXPECT_GT(messages, 100);
}

TEST(HasMoreFields, CountsThoseInsideMessages) {
  SubmitBatchRequest request;
  for (int i = 0; i < 10; ++i) request.add_items()->mutable_get()->set_id(i + 1);
  const std::string bytes = request.SerializeAsString();  // an item, a request, an id
  EXPECT_TRUE(has_more_fields(*SubmitBatchRequest::descriptor(), bytes, 29));
  EXPECT_FALSE(has_more_fields(*SubmitBatchRequest::descriptor(), bytes, 30));
}

TEST(HasMoreFields, CountsPackedNumbersAsAPart) {
  users::v1::BatchGetUsersRequest request;
  for (int i = 0; i < 8000; ++i) request.add_ids(1);
  const std::string bytes = request.SerializeAsString();
  EXPECT_TRUE(has_more_fields(*users::v1::BatchGetUsersRequest::descriptor(), bytes, 1000));
  EXPECT_FALSE(has_more_fields(*users::v1::BatchGetUsersRequest::descriptor(), bytes, 1001));
}

TEST(HasMoreFields, CountsUnknownOnesAndThoseOfGroups) {
  UnknownFieldSet sent;
  UnknownFieldSet* group = sent.AddGroup(100);
  for (int i = 0; i < 10; ++i) group->AddVarint(1, 1);
  EXPECT_TRUE(has_more_fields(*SubmitBatchRequest::descriptor(), bytes_of(sent), 11));
  EXPECT_FALSE(has_more_fields(*SubmitBatchRequest::descriptor(), bytes_of(sent), 12));
}

// A message type that holds itself, deeper than any parser goes: it must end, and without the
// stack.
TEST(HasMoreFields, EndsInTheDeep) {
  std::string bytes;
  for (int i = 0; i < 2000; ++i) {
    std::string outer = "\x1A";  // DescriptorProto.nested_type
    for (std::size_t size = bytes.size();; size >>= 7) {
      const bool is_last = size < 0x80;
      outer += static_cast<char>((size & 0x7F) | (is_last ? 0 : 0x80));
      if (is_last) break;
    }
    bytes = outer + bytes;
  }
  const auto& type = *google::protobuf::DescriptorProto::descriptor();
  EXPECT_TRUE(has_more_fields(type, bytes, 100));
  EXPECT_FALSE(has_more_fields(type, bytes, 101));
}

}  // namespace
}  // namespace weir::status
