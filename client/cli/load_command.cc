// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "client/cli/exit_code.h"
#include "client/cli/interrupt.h"
#include "client/cli/load.h"
#include "client/cli/options.h"
#include "client/cli/session.h"

namespace weir::cli {
namespace {

struct Options {
  LoadOptions load;
  std::string ids = "1";
  int connections = 1;
  bool no_health_checks = false;
};

// "7" or "1-1000".
bool parse_ids(const std::string& text, LoadOptions& load) {
  const std::pair<std::string, std::string> ends = absl::StrSplit(text, absl::MaxSplits('-', 1));
  const bool is_range = text.find('-') != std::string::npos;
  return absl::SimpleAtoi(ends.first, &load.first_id) &&
         absl::SimpleAtoi(is_range ? ends.second : ends.first, &load.last_id) &&
         load.first_id <= load.last_id;
}

int run(const Options& options, const Settings& settings) {
  Interrupt interrupt;
  client::ChannelOptions channel_options = settings.channel_options();
  channel_options.health_checks = !options.no_health_checks;
  channel_options.own_connections = true;
  rpc::CompletionQueueLoop loop;
  std::vector<std::unique_ptr<client::Users>> owned;
  std::vector<client::Users*> users;
  for (int i = 0; i < options.connections; ++i) {
    owned.push_back(
        std::make_unique<client::Users>(client::Channel::open(channel_options).value()));
    users.push_back(owned.back().get());
  }

  Load load(options.load, std::move(users));
  const LoadReport report = loop.run(interrupt.cancels(load.run()));
  std::fputs((settings.json ? report.json() + "\n" : report.text()).c_str(), stdout);
  if (report.failed() > 0) return kNo;
  return interrupt.has_come() ? kInterrupted : kOk;
}

}  // namespace

void add_load_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App& command =
      *app.add_subcommand("load", "Call GetUser over and over; count answers and measure them");
  command.add_option("--rate", options->load.rate, "Calls per second; 0: as many as possible")
      ->type_name("N")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  add_duration(command, "--duration", &options->load.duration, "How long calls begin");
  command
      .add_option("--concurrency", options->load.concurrency, "Calls under way at once, at most")
      ->type_name("N")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command
      .add_option("--ids", options->ids,
                  "The users to ask for, one at random each time: 7 or 1-1000")
      ->type_name("IDS")
      ->capture_default_str();
  command.add_option("--connections", options->connections, "Connections to each address")
      ->type_name("N")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command.add_flag("--no-health-checks", options->no_health_checks,
                   "Do not watch the servers' health (always so with pick_first)");
  command.footer(
      R"(Exits with 1 if any call failed, with --no-retries also where a retry would have helped.

Examples:
  weir load --ids 1-1000 --duration 30s
  weir load --rate 2000 --no-retries --address 10.0.0.1:50051,10.0.0.2:50051)");
  command.callback([options, &chosen] {
    if (!parse_ids(options->ids, options->load)) {
      throw CLI::ValidationError("--ids", "\"" + options->ids + "\" is no id and no range of ids");
    }
    chosen = [options](const Settings& settings) { return run(*options, settings); };
  });
}

}  // namespace weir::cli
