// SPDX-License-Identifier: Apache-2.0
#include "client/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "client/target.h"

namespace weir::client {
namespace {

int milliseconds(Duration duration) {
  const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return static_cast<int>(std::clamp<std::int64_t>(count, 1, std::numeric_limits<int>::max()));
}

// http_proxy and https_proxy are for the web: a server of one's own is not behind that proxy, and
// what is on this machine is behind none.
bool may_use_proxy(const std::string& target) {
  const char* const proxy = std::getenv("grpc_proxy");
  return proxy != nullptr && *proxy != '\0' && !is_on_this_machine(target);
}

grpc::ChannelArguments arguments(const ChannelOptions& options, const std::string& target) {
  grpc::ChannelArguments args;
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, may_use_proxy(target) ? 1 : 0);
  args.SetServiceConfigJSON(service_config(options));
  // Ours decides, not one that DNS may hand out.
  args.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, options.transparent_retries ? 1 : 0);
  args.SetMaxReceiveMessageSize(options.max_receive_message_bytes);
  args.SetMaxSendMessageSize(options.max_send_message_bytes);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(options.keepalive_time));
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, milliseconds(options.keepalive_timeout));
  args.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  args.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // no limit: a quiet connection is pinged
  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
              milliseconds(options.initial_reconnect_backoff));
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, milliseconds(options.max_reconnect_backoff));
  // Despite its name this is how long one attempt may take (grpc's connection-backoff.md).
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, milliseconds(options.connect_timeout));
  args.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS,
              milliseconds(options.min_time_between_resolutions));
  if (!options.tls_server_name.empty()) args.SetSslTargetNameOverride(options.tls_server_name);
  if (options.own_connections) args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  args.SetUserAgentPrefix(options.user_agent);
  return args;
}

constexpr char kRoundRobin[] = R"({"round_robin":{}})";

std::string seconds(Duration duration) {
  return absl::StrFormat("%.3fs", absl::ToDoubleSeconds(absl::FromChrono(duration)));
}

std::string with_ejection(const EjectionOptions& options) {
  return absl::StrFormat(
      R"({"outlier_detection_experimental":{"interval":"%s","baseEjectionTime":"%s",)"
      R"("maxEjectionPercent":%d,"failurePercentageEjection":{"threshold":%d,)"
      R"("enforcementPercentage":100,"minimumHosts":2,"requestVolume":%d},"childPolicy":[%s]}})",
      seconds(options.interval), seconds(options.time), options.most_percent,
      options.failed_percent, options.least_calls, kRoundRobin);
}

}  // namespace

std::string service_config(const ChannelOptions& options) {
  if (options.balance == Balance::kPickFirst) {
    return R"({"loadBalancingConfig":[{"pick_first":{}}]})";
  }
  const std::string policy =
      options.ejection.enabled ? with_ejection(options.ejection) : kRoundRobin;
  const char* const health =
      options.health_checks ? R"(,"healthCheckConfig":{"serviceName":""})" : "";
  return absl::StrCat(R"({"loadBalancingConfig":[)", policy, "]", health, "}");
}

Channel::State::State(ChannelOptions given, const std::string& target)
    : options(std::move(given)),
      channel(grpc::CreateCustomChannel(
          target,
          options.credentials != nullptr ? options.credentials : grpc::InsecureChannelCredentials(),
          arguments(options, target))),
      budget(options.retry),
      throttle(options.throttle) {}

absl::StatusOr<Channel> Channel::open(ChannelOptions options) {
  const absl::StatusOr<std::string> target = target_of(options.address);
  if (!target.ok()) return target.status();
  return Channel(std::make_shared<State>(std::move(options), *target));
}

}  // namespace weir::client
