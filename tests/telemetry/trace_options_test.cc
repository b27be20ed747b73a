// SPDX-License-Identifier: Apache-2.0
#include "telemetry/trace_options.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace weir::telemetry {
namespace {

class Headers : public ::testing::Test {
 protected:
  Headers() { setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317", 1); }
  ~Headers() override {
    unsetenv("OTEL_EXPORTER_OTLP_ENDPOINT");
    unsetenv("OTEL_EXPORTER_OTLP_HEADERS");
  }
  static auto with(const char* headers) {
    setenv("OTEL_EXPORTER_OTLP_HEADERS", headers, 1);
    return trace_options_from_environment();
  }
};

TEST_F(Headers, AreNamesAndValues) {
  const auto options = with("Authorization=Bearer%20abc, x-team = weir");
  ASSERT_TRUE(options.ok()) << options.status();
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(options->headers, (Pairs{{"authorization", "Bearer abc"}, {"x-team", "weir"}}));
}

// gRPC would end the process with the first span.
TEST_F(Headers, ThatCannotBeSentAreAnErrorAtTheStart) {
  for (const char* wrong : {"Authorization: Bearer abc", "=x", "a b=c", "a=%0A", "a=\xC3\xA4"}) {
    const auto options = with(wrong);
    EXPECT_TRUE(absl::IsInvalidArgument(options.status())) << wrong;
    EXPECT_NE(options.status().message().find("OTEL_EXPORTER_OTLP_HEADERS"), std::string::npos);
  }
}

}  // namespace
}  // namespace weir::telemetry
