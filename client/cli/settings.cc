// SPDX-License-Identifier: Apache-2.0
#include "client/cli/settings.h"

namespace weir::cli {

client::ChannelOptions Settings::channel_options() const {
  client::ChannelOptions options;
  options.address = address;
  options.default_timeout = timeout;
  options.retry.max_attempts = no_retries ? 1 : retries + 1;
  options.transparent_retries = !no_retries;
  options.balance =
      balance == "pick_first" ? client::Balance::kPickFirst : client::Balance::kRoundRobin;
  if (!tls.ca.empty()) options.credentials = client::tls_credentials(tls);
  options.tls_server_name = tls_server_name;
  // One call, one answer: whoever asks a server that is not healthy wants to hear what it says.
  options.health_checks = false;
  options.user_agent = "weir/" WEIR_VERSION;
  return options;
}

}  // namespace weir::cli
