// SPDX-License-Identifier: Apache-2.0
#include "telemetry/trace_options.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace weir::telemetry {
namespace {

// OpenTelemetry: an empty value is no value.
std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : std::string(absl::StripAsciiWhitespace(value));
}

// OTEL_EXPORTER_OTLP_TRACES_X, or OTEL_EXPORTER_OTLP_X.
std::string exporter_variable(const char* name) {
  std::string value = variable(absl::StrCat("OTEL_EXPORTER_OTLP_TRACES_", name).c_str());
  return value.empty() ? variable(absl::StrCat("OTEL_EXPORTER_OTLP_", name).c_str()) : value;
}

bool is_true(const std::string& value) { return absl::AsciiStrToLower(value) == "true"; }

absl::Status wrong(const char* name, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(name, ": ", what));
}

// An hour: longer than anybody waits, and sums of it do not overflow.
constexpr std::int64_t kLongestMs = 3'600'000;
// A span takes some hundred bytes.
constexpr std::int64_t kMostSpans = 1'000'000;

absl::Status parse_number(const char* name, const std::string& value, std::int64_t min,
                          std::int64_t max, std::int64_t& target) {
  if (value.empty()) return absl::OkStatus();
  if (!absl::SimpleAtoi(value, &target) || target < min || target > max) {
    return wrong(name, absl::StrCat("must be a whole number from ", min, " to ", max));
  }
  return absl::OkStatus();
}

absl::Status read_number(const char* name, std::int64_t max, std::int64_t& target) {
  return parse_number(name, variable(name), 1, max, target);
}

// Milliseconds; OpenTelemetry's 0 is "no limit", which nothing here is without.
absl::Status parse_timeout(const char* name, const std::string& value, Duration& target) {
  std::int64_t milliseconds = std::chrono::floor<std::chrono::milliseconds>(target).count();
  if (absl::Status s = parse_number(name, value, 0, kLongestMs, milliseconds); !s.ok()) return s;
  target = std::chrono::milliseconds(milliseconds == 0 ? kLongestMs : milliseconds);
  return absl::OkStatus();
}

// What OpenTelemetry knows and this server does not must not keep it from starting.
void ignore(TraceOptions& options, const char* name, absl::string_view value,
            absl::string_view instead) {
  options.warnings.push_back(absl::StrCat(name, ": ", value, " is not supported; ", instead));
}

template <std::size_t kCount>
bool is_one_of(absl::string_view name, const absl::string_view (&names)[kCount]) {
  return absl::c_linear_search(names, name);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string percent_decoded(absl::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                           hex_digit(text[i + 2]) >= 0;
    if (is_escape) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// key=value,key=value
std::vector<std::pair<std::string, std::string>> pairs_of(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const absl::string_view part : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    pairs.emplace_back(absl::StripAsciiWhitespace(pair.first),
                       percent_decoded(absl::StripAsciiWhitespace(pair.second)));
  }
  return pairs;
}

absl::Status read_sampler(TraceOptions& trace_options) {
  constexpr absl::string_view kUnsupported[] = {"jaeger_remote", "parentbased_jaeger_remote",
                                                "xray"};
  constexpr char kDefault[] = "parentbased_always_on";
  TracerOptions& options = trace_options.tracer;
  std::string name = variable("OTEL_TRACES_SAMPLER");
  if (name.empty()) name = kDefault;
  if (is_one_of(name, kUnsupported)) {
    ignore(trace_options, "OTEL_TRACES_SAMPLER", name, absl::StrCat(kDefault, " is used"));
    name = kDefault;
  }
  absl::string_view sampler = name;
  options.follows_parent = absl::ConsumePrefix(&sampler, "parentbased_");
  if (sampler == "always_on") {
    options.ratio = 1;
  } else if (sampler == "always_off") {
    options.ratio = 0;
  } else if (sampler == "traceidratio") {
    const std::string argument = variable("OTEL_TRACES_SAMPLER_ARG");
    // So that what is not a number is out of range as well.
    if (!argument.empty() &&
        !(absl::SimpleAtod(argument, &options.ratio) && options.ratio >= 0 && options.ratio <= 1)) {
      return wrong("OTEL_TRACES_SAMPLER_ARG", "must be from 0 to 1");
    }
  } else {
    return wrong("OTEL_TRACES_SAMPLER",
                 "must be always_on, always_off or traceidratio, each perhaps after parentbased_");
  }
  return absl::OkStatus();
}

// Both are always carried.
absl::Status read_propagators(TraceOptions& options) {
  constexpr absl::string_view kUnsupported[] = {"b3",   "b3multi", "jaeger",
                                                "none", "ottrace", "xray"};
  const std::string given = variable("OTEL_PROPAGATORS");
  for (absl::string_view name : absl::StrSplit(given, ',', absl::SkipWhitespace())) {
    name = absl::StripAsciiWhitespace(name);
    if (name == "tracecontext" || name == "baggage") continue;
    if (!is_one_of(name, kUnsupported)) {
      return wrong("OTEL_PROPAGATORS", "may name tracecontext and baggage");
    }
    ignore(options, "OTEL_PROPAGATORS", name, "tracecontext and baggage are used");
  }
  return absl::OkStatus();
}

absl::Status read_batches(TraceOptions& trace_options) {
  TracerOptions& options = trace_options.tracer;
  std::int64_t queue = static_cast<std::int64_t>(options.max_queue);
  std::int64_t batch = static_cast<std::int64_t>(options.max_batch);
  std::int64_t delay = std::chrono::floor<std::chrono::milliseconds>(options.delay).count();
  if (absl::Status s = read_number("OTEL_BSP_MAX_QUEUE_SIZE", kMostSpans, queue); !s.ok()) return s;
  if (absl::Status s = read_number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", kMostSpans, batch); !s.ok()) {
    return s;
  }
  if (absl::Status s = read_number("OTEL_BSP_SCHEDULE_DELAY", kLongestMs, delay); !s.ok()) return s;
  constexpr char kTimeout[] = "OTEL_BSP_EXPORT_TIMEOUT";
  if (absl::Status s = parse_timeout(kTimeout, variable(kTimeout), trace_options.export_timeout);
      !s.ok()) {
    return s;
  }
  options.max_queue = static_cast<std::size_t>(queue);
  options.max_batch = static_cast<std::size_t>(std::min(batch, queue));
  options.delay = std::chrono::milliseconds(delay);
  return absl::OkStatus();
}

// gRPC ends the process over what it cannot send.
bool is_metadata(absl::string_view key, absl::string_view value) {
  const auto is_name = [](char c) { return absl::ascii_isalnum(c) || absl::StrContains("-_.", c); };
  const bool is_binary = absl::EndsWith(key, "-bin");
  return !key.empty() && absl::c_all_of(key, is_name) &&
         (is_binary || absl::c_all_of(value, absl::ascii_isprint));
}

// host, host:port, [v6] or [v6]:port
bool has_good_port(absl::string_view target) {
  const std::size_t colon = target.rfind(':');
  if (colon == absl::string_view::npos || absl::EndsWith(target, "]")) return true;
  int port = 0;
  return absl::SimpleAtoi(target.substr(colon + 1), &port) && port >= 1 && port <= 65535;
}

absl::Status read_endpoint(TraceOptions& options) {
  std::string endpoint = exporter_variable("ENDPOINT");
  if (endpoint.empty()) endpoint = "http://localhost:4317";
  absl::string_view target = endpoint;
  if (absl::ConsumePrefix(&target, "https://")) {
    options.is_secure = true;
  } else if (!absl::ConsumePrefix(&target, "http://")) {
    options.is_secure = !is_true(exporter_variable("INSECURE"));
  }
  options.target = std::string(target.substr(0, target.find('/')));
  if (options.target.empty()) return wrong("OTEL_EXPORTER_OTLP_ENDPOINT", "names no host");
  if (!has_good_port(options.target)) {
    return wrong("OTEL_EXPORTER_OTLP_ENDPOINT", "a port is a number from 1 to 65535");
  }
  options.certificate_file = exporter_variable("CERTIFICATE");
  options.client_key_file = exporter_variable("CLIENT_KEY");
  options.client_certificate_file = exporter_variable("CLIENT_CERTIFICATE");
  options.headers = pairs_of(exporter_variable("HEADERS"));
  for (auto& [key, value] : options.headers) {
    absl::AsciiStrToLower(&key);
    if (!is_metadata(key, value)) {
      return wrong("OTEL_EXPORTER_OTLP_HEADERS", "must be name=value, and others after a comma");
    }
  }
  const std::string compression = exporter_variable("COMPRESSION");
  if (!compression.empty() && compression != "gzip" && compression != "none") {
    return wrong("OTEL_EXPORTER_OTLP_COMPRESSION", "must be gzip or none");
  }
  options.gzip = compression == "gzip";
  return parse_timeout("OTEL_EXPORTER_OTLP_TIMEOUT", exporter_variable("TIMEOUT"), options.timeout);
}

// Over HTTP a collector has another port, so gRPC would only fail there: then there are no traces.
absl::Status read_protocol(TraceOptions& options) {
  const std::string protocol = exporter_variable("PROTOCOL");
  if (protocol.empty() || protocol == "grpc") return absl::OkStatus();
  if (protocol != "http/protobuf" && protocol != "http/json") {
    return wrong("OTEL_EXPORTER_OTLP_PROTOCOL", "must be grpc");
  }
  ignore(options, "OTEL_EXPORTER_OTLP_PROTOCOL", protocol, "only grpc is, so there are no traces");
  options.enabled = false;
  return absl::OkStatus();
}

// A list; what is not otlp is left out.
absl::Status read_exporters(TraceOptions& options) {
  constexpr absl::string_view kUnsupported[] = {"console", "jaeger", "logging", "zipkin"};
  const std::string given = variable("OTEL_TRACES_EXPORTER");
  options.enabled = given.empty() && !exporter_variable("ENDPOINT").empty();
  for (absl::string_view name : absl::StrSplit(given, ',', absl::SkipWhitespace())) {
    name = absl::StripAsciiWhitespace(name);
    if (name == "otlp") {
      options.enabled = true;
    } else if (is_one_of(name, kUnsupported)) {
      ignore(options, "OTEL_TRACES_EXPORTER", name, "only otlp is");
    } else if (name != "none") {
      return wrong("OTEL_TRACES_EXPORTER", "must be otlp or none");
    }
  }
  if (is_true(variable("OTEL_SDK_DISABLED"))) options.enabled = false;
  return absl::OkStatus();
}

void read_resource(TraceOptions& options) {
  auto given = pairs_of(variable("OTEL_RESOURCE_ATTRIBUTES"));
  const std::string name = variable("OTEL_SERVICE_NAME");
  std::string service = name.empty() ? "weir" : name;
  for (auto& [key, value] : given) {
    if (key != "service.name") {
      options.resource.emplace_back(key, value);
    } else if (name.empty()) {
      service = value;
    }
  }
  char host[256] = "";
  ::gethostname(host, sizeof(host) - 1);
  options.resource.emplace_back("service.name", service);
  options.resource.emplace_back("host.name", host);
  options.resource.emplace_back("telemetry.sdk.name", "weir");
  options.resource.emplace_back("telemetry.sdk.language", "cpp");
}

}  // namespace

absl::StatusOr<TraceOptions> trace_options_from_environment() {
  TraceOptions options;
  if (absl::Status s = read_exporters(options); !s.ok()) return s;
  if (!options.enabled) return options;
  if (absl::Status s = read_protocol(options); !s.ok()) return s;
  if (!options.enabled) return options;
  if (absl::Status s = read_sampler(options); !s.ok()) return s;
  if (absl::Status s = read_batches(options); !s.ok()) return s;
  if (absl::Status s = read_propagators(options); !s.ok()) return s;
  if (absl::Status s = read_endpoint(options); !s.ok()) return s;
  read_resource(options);
  return options;
}

}  // namespace weir::telemetry
