// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdio>
#include <memory>
#include <utility>

#include "client/cli/dashboard_view.h"
#include "client/cli/interrupt.h"
#include "client/cli/options.h"
#include "client/cli/output.h"
#include "client/cli/session.h"
#include "client/cli/watching.h"

namespace weir::cli {
namespace {

struct Options {
  std::int64_t user_id = 0;
  int posts = 0;
  bool watch = false;
  int max_events = 0;
};

int show_once(const Options& options, const Settings& settings) {
  Session session(settings.channel_options());
  return show(session.run(session.dashboards().get(options.user_id, options.posts)), settings,
              dashboard_view);
}

int watch(const Options& options, const Settings& settings) {
  Interrupt interrupt;
  Session session(settings.channel_options());
  int shown = 0;
  client::Dashboards::Watch watch;
  watch.user_id = options.user_id;
  watch.post_limit = options.posts;
  watch.interrupted = say_interrupted;
  watch.on_dashboard = [&](const client::Dashboard& dashboard) {
    const char* between = shown > 0 && !settings.json ? "\n" : "";
    print(between + (settings.json ? as_json(dashboard) + "\n" : dashboard_view(dashboard)));
    std::fflush(stdout);
    return ++shown != options.max_events;
  };
  return run_watch(session, interrupt, session.dashboards().watch(std::move(watch)), settings);
}

}  // namespace

void add_dashboard_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App& command =
      *app.add_subcommand("dashboard", "Show a user with the latest posts and subscriptions");
  add_user_id(command, &options->user_id);
  command.add_option("--posts", options->posts, "Posts to show, at most 100 [default: 10]")
      ->type_name("N");
  CLI::Option* watching =
      command.add_flag("--watch", options->watch, "Show it again after each change, until ctrl-C");
  add_max_events(command, &options->max_events)->needs(watching);
  command.footer(
      R"(A part that cannot be read in its time is left out, and the reason is shown in its place.

Examples:
  weir dashboard 42
  weir dashboard 42 --watch
  weir dashboard 42 --posts 3 --json | jq '.posts[].title, .unavailable')");
  command.callback([options, &chosen] {
    chosen = [options](const Settings& settings) {
      return options->watch ? watch(*options, settings) : show_once(*options, settings);
    };
  });
}

}  // namespace weir::cli
