// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "async/or_return.h"
#include "client/cli/error_report.h"
#include "client/cli/exit_code.h"
#include "client/cli/interrupt.h"
#include "client/cli/json.h"
#include "client/cli/options.h"
#include "client/cli/session.h"
#include "client/health.h"

namespace weir::cli {
namespace {

using client::Health;
using HealthReader = rpc::Reader<Health::Response>;

bool is_serving(const Health::Response& response) {
  return response.status() == Health::Response::SERVING;
}

std::string name_of(const Health::Response& response) {
  return Health::Response::ServingStatus_Name(response.status());
}

int check(const std::string& service, const Settings& settings) {
  Session session(settings.channel_options());
  Health health(session.channel());
  const auto response = session.loop().run(health.check(service));
  if (!response.ok()) return fail(response.status(), settings);
  std::puts((settings.json ? as_json(*response) : name_of(*response)).c_str());
  return is_serving(*response) ? kOk : kNo;
}

// Prints each status until the stream ends, and leaves the last in `last`.
Task<absl::Status> print_changes(HealthReader& changes, bool json, Health::Response& last) {
  while (std::optional<Health::Response> change = co_await or_return(changes.read())) {
    last = *change;
    const std::string now =
        absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::Now(), absl::LocalTimeZone());
    std::puts((json ? as_json(last) : absl::StrCat(now, "  ", name_of(last))).c_str());
    std::fflush(stdout);
  }
  co_return absl::OkStatus();
}

int watch(const std::string& service, const Settings& settings) {
  Interrupt interrupt;
  Session session(settings.channel_options());
  Health health(session.channel());
  Health::Response last;
  const auto body = [&](HealthReader& changes) {
    return print_changes(changes, settings.json, last);
  };
  const absl::Status ended = session.loop().run(interrupt.cancels(health.watch(service, body)));
  if (interrupt.has_come()) return kInterrupted;
  if (!ended.ok()) return fail(ended, settings);
  return is_serving(last) ? kOk : kNo;
}

}  // namespace

void add_health_command(CLI::App& app, Action& chosen) {
  struct Options {
    std::string service;
    bool watch = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App& command =
      *app.add_subcommand("health", "Ask whether the server, or one service of it, is serving");
  command.add_option("service", options->service, "A full name [default: the server as a whole]")
      ->type_name("SERVICE");
  command.add_flag("--watch", options->watch, "Show each change until ctrl-C");
  command.footer(R"(Exits with 0 if it is serving, with 1 if it is not.

Examples:
  weir health
  weir health weir.users.v1.UserService
  weir health --watch)");
  command.callback([options, &chosen] {
    chosen = [options](const Settings& settings) {
      return options->watch ? watch(options->service, settings) : check(options->service, settings);
    };
  });
}

}  // namespace weir::cli
