// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/cli/json.h"
#include "client/cli/output.h"
#include "client/cli/text.h"
#include "client/cli/watching.h"

namespace weir::cli {
namespace {

struct Options {
  std::string resume_token;
  int max_events = 0;
};

std::string line_of(const client::UserEvent& event) {
  const std::string now = absl::FormatTime("%H:%M:%S", absl::Now(), absl::LocalTimeZone());
  const client::User& user = event.user();
  return absl::StrFormat("%s  %-7s  %d  %s  %s\n", now,
                         absl::AsciiStrToLower(client::UserEvent::Type_Name(event.type())),
                         user.id(), printable(user.name()), printable(user.email()));
}

int watch(const Options& options, const Settings& settings) {
  Interrupt interrupt;
  Session session(settings.channel_options());
  int shown = 0;
  std::string resume_token = options.resume_token;
  client::Users::Watch watch;
  watch.resume_token = options.resume_token;
  watch.interrupted = say_interrupted;
  watch.began_at = [&](const std::string& token) {
    if (resume_token.empty()) say("watching");
    resume_token = token;
  };
  watch.on_event = [&](const client::UserEvent& event) {
    resume_token = event.resume_token();
    print(settings.json ? as_json(event) + "\n" : line_of(event));
    std::fflush(stdout);
    return ++shown != options.max_events;
  };
  const int exit_code =
      run_watch(session, interrupt, session.users().watch(std::move(watch)), settings);
  if (exit_code == kOk && !resume_token.empty()) {
    say(absl::StrCat("go on with --resume ", resume_token));
  }
  return exit_code;
}

}  // namespace

void add_users_watch_command(CLI::App& users, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App& command =
      *users.add_subcommand("watch", "Show what happens to users, on whichever server");
  command
      .add_option("--resume", options->resume_token,
                  "Begin after the event with this resume_token [default: begin now]")
      ->type_name("TOKEN");
  add_max_events(command, &options->max_events);
  command.footer(R"(Goes on by itself when a server ends: nothing is missed and nothing comes twice.
Ctrl-C ends it, with 0; the token to go on with is then shown on stderr.

Examples:
  weir users watch
  weir users watch --json | jq -r 'select(.type == "CREATED") | .user.email'
  weir users watch --max-events 3)");
  command.callback([options, &chosen] {
    chosen = [options](const Settings& settings) { return watch(*options, settings); };
  });
}

}  // namespace weir::cli
