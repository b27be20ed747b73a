// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the options say that every command has.

#include <string>

#include "async/time.h"
#include "client/channel_options.h"
#include "client/tls.h"

namespace weir::cli {

struct Settings {
  std::string address = client::ChannelOptions().address;
  Duration timeout = client::ChannelOptions().default_timeout;
  int retries = client::RetryOptions().max_attempts - 1;
  bool no_retries = false;
  std::string balance = "round_robin";
  client::TlsOptions tls;
  std::string tls_server_name;
  bool json = false;

  client::ChannelOptions channel_options() const;
};

}  // namespace weir::cli
