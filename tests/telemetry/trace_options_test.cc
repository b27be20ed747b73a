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

class Variables : public ::testing::Test {
 protected:
  Variables() { set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317"); }
  ~Variables() override {
    for (const std::string& name : names_) unsetenv(name.c_str());
  }
  void set(const std::string& name, const std::string& value) {
    setenv(name.c_str(), value.c_str(), 1);
    names_.push_back(name);
  }
  // As if it were the only one.
  auto with(const std::string& name, const std::string& value) {
    set(name, value);
    auto options = trace_options_from_environment();
    set(name, "");
    return options;
  }

  std::vector<std::string> names_;
};

TEST_F(Variables, EveryNumberHasABound) {
  for (const char* name :
       {"OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_EXPORT_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT",
        "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"}) {
    EXPECT_TRUE(with(name, "1000").ok()) << name;
    for (const char* value : {"9500000000000", "9223372036854775807", "99999999999999999999", "-1",
                              "1.5", "1e3", "soon", "0x10"}) {
      const auto options = with(name, value);
      EXPECT_TRUE(absl::IsInvalidArgument(options.status())) << name << "=" << value;
      EXPECT_EQ(options.status().message().find(name), 0u) << options.status();
    }
  }
}

TEST_F(Variables, ATimeoutOfNoLimitHasOneAllTheSame) {
  EXPECT_EQ(with("OTEL_BSP_EXPORT_TIMEOUT", "0")->export_timeout, std::chrono::hours(1));
  EXPECT_EQ(with("OTEL_EXPORTER_OTLP_TIMEOUT", "0")->timeout, std::chrono::hours(1));
}

TEST_F(Variables, ARatioIsFromZeroToOne) {
  set("OTEL_TRACES_SAMPLER", "traceidratio");
  EXPECT_EQ(with("OTEL_TRACES_SAMPLER_ARG", "0.25")->tracer.ratio, 0.25);
  for (const char* value : {"nan", "-nan", "inf", "1.01", "-0.1", "half"}) {
    EXPECT_FALSE(with("OTEL_TRACES_SAMPLER_ARG", value).ok()) << value;
  }
}

TEST_F(Variables, APortIsWhole) {
  EXPECT_TRUE(with("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[::1]:4317/").ok());
  EXPECT_TRUE(with("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[::1]").ok());
  EXPECT_TRUE(with("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector").ok());
  for (const char* value :
       {"http://collector:99999", "http://collector:", "http://collector:43x"}) {
    EXPECT_FALSE(with("OTEL_EXPORTER_OTLP_ENDPOINT", value).ok()) << value;
  }
}

TEST_F(Variables, WhatOpenTelemetryKnowsAndWeDoNotIsAWarning) {
  const struct {
    const char* name;
    const char* value;
    bool enabled;
    std::size_t warnings;
  } cases[] = {{"OTEL_PROPAGATORS", "tracecontext,baggage", true, 0},
               {"OTEL_PROPAGATORS", "tracecontext, b3,xray", true, 2},
               {"OTEL_PROPAGATORS", "none", true, 1},
               {"OTEL_TRACES_SAMPLER", "jaeger_remote", true, 1},
               {"OTEL_TRACES_SAMPLER", "xray", true, 1},
               {"OTEL_TRACES_EXPORTER", "otlp,console", true, 1},
               {"OTEL_TRACES_EXPORTER", "zipkin", false, 1},
               {"OTEL_TRACES_EXPORTER", "none", false, 0},
               {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", false, 1}};
  for (const auto& one : cases) {
    const auto options = with(one.name, one.value);
    ASSERT_TRUE(options.ok()) << options.status();
    EXPECT_EQ(options->enabled, one.enabled) << one.name << "=" << one.value;
    ASSERT_EQ(options->warnings.size(), one.warnings) << one.name << "=" << one.value;
    for (const std::string& warning : options->warnings) EXPECT_EQ(warning.find(one.name), 0u);
  }
  const auto sampled = with("OTEL_TRACES_SAMPLER", "jaeger_remote");
  EXPECT_TRUE(sampled->tracer.follows_parent);
  EXPECT_EQ(sampled->tracer.ratio, 1);
}

TEST_F(Variables, WhatNobodyKnowsIsAnError) {
  for (const char* name : {"OTEL_PROPAGATORS", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_EXPORTER",
                           "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_COMPRESSION"}) {
    const auto options = with(name, "always_onn");
    EXPECT_TRUE(absl::IsInvalidArgument(options.status())) << name;
    EXPECT_EQ(options.status().message().find(name), 0u) << options.status();
  }
}

}  // namespace
}  // namespace weir::telemetry
