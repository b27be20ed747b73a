// SPDX-License-Identifier: Apache-2.0
#include "telemetry/trace_context.h"

#include <gtest/gtest.h>

namespace weir::telemetry {
namespace {

constexpr char kHeader[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceContext, IsReadAndWrittenAlike) {
  const auto context = parse_traceparent(kHeader);
  ASSERT_TRUE(context.has_value());
  EXPECT_TRUE(context->is_sampled);
  EXPECT_EQ(context->trace_id[0], 0x0a);
  EXPECT_EQ(context->span_id[7], 0x31);
  EXPECT_EQ(to_traceparent(*context), kHeader);
}

TEST(TraceContext, OnlyTheLowestFlagSaysSampled) {
  const auto sampled = [](const char* flags) {
    std::string header = kHeader;
    header.replace(53, 2, flags);
    return parse_traceparent(header)->is_sampled;
  };
  EXPECT_FALSE(sampled("00"));
  EXPECT_FALSE(sampled("02"));
  EXPECT_TRUE(sampled("03"));
}

TEST(TraceContext, ALaterVersionMaySayMore) {
  EXPECT_TRUE(parse_traceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what"));
  EXPECT_FALSE(parse_traceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01what"));
}

TEST(TraceContext, WhatIsWrongIsIgnored) {
  for (const char* header : {
           "",
           "00",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
           "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
           "00-00000000000000000000000000000000-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
           "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
       }) {
    EXPECT_FALSE(parse_traceparent(header)) << header;
  }
}

}  // namespace
}  // namespace weir::telemetry
