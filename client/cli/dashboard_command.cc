// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <memory>

#include "client/cli/dashboard_view.h"
#include "client/cli/options.h"
#include "client/cli/output.h"
#include "client/cli/session.h"

namespace weir::cli {
void add_dashboard_command(CLI::App& app, Action& chosen) {
  struct Options {
    std::int64_t user_id = 0;
    int posts = 0;
  };
  auto options = std::make_shared<Options>();
  CLI::App& command =
      *app.add_subcommand("dashboard", "Show a user with the latest posts and subscriptions");
  add_user_id(command, &options->user_id);
  command.add_option("--posts", options->posts, "Posts to show, at most 100 [default: 10]")
      ->type_name("N");
  command.footer(
      R"(A part that cannot be read in its time is left out, and the reason is shown in its place.

Examples:
  weir dashboard 42
  weir dashboard 42 --posts 3 --json | jq '.posts[].title, .unavailable')");
  command.callback([options, &chosen] {
    chosen = [options](const Settings& settings) {
      Session session(settings.channel_options());
      return show(session.run(session.dashboards().get(options->user_id, options->posts)), settings,
                  dashboard_view);
    };
  });
}

}  // namespace weir::cli
