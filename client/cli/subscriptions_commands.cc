// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/options.h"
#include "client/cli/output.h"
#include "client/cli/paging.h"
#include "client/cli/session.h"
#include "client/cli/subscription_view.h"

namespace weir::cli {
namespace {

namespace v1 = subscriptions::v1;

void add_create(CLI::App& subscriptions, Action& chosen) {
  struct Options {
    std::int64_t user_id = 0;
    std::string plan;
  };
  auto options = std::make_shared<Options>();
  CLI::App& command = *subscriptions.add_subcommand("create", "Subscribe a user to a plan");
  add_user_id(command, &options->user_id);
  command.add_option("plan", options->plan, "What is subscribed to")->type_name("PLAN")->required();
  command.footer(R"(Examples:
  weir subscriptions create 42 gold)");
  command.callback([options, &chosen] {
    chosen = [options](const Settings& settings) {
      Session session(settings.channel_options());
      return show(session.run(session.subscriptions().create(options->user_id, options->plan)),
                  settings, subscription_details);
    };
  });
}

void add_list(CLI::App& subscriptions, Action& chosen) {
  struct Options {
    std::int64_t user_id = 0;
    Paging paging;
  };
  auto options = std::make_shared<Options>();
  CLI::App& command = *subscriptions.add_subcommand(
      "list", "List the subscriptions of a user, cancelled ones too, newest first");
  add_user_id(command, &options->user_id);
  add_paging_options(command, options->paging, "Subscriptions in a page [default: 1000, the most]");
  command.footer(R"(Examples:
  weir subscriptions list 42
  weir subscriptions list 42 --json | jq '.subscriptions[] | select(.active)')");
  command.callback([options, &chosen] {
    chosen = [options](const Settings& settings) {
      Session session(settings.channel_options());
      v1::ListSubscriptionsRequest request;
      request.set_user_id(options->user_id);
      const auto fetch = [&](const auto& page) {
        return session.run(session.subscriptions().list(page));
      };
      const auto table = [](const v1::ListSubscriptionsResponse& response) {
        return subscription_table(response.subscriptions());
      };
      const ListView<v1::ListSubscriptionsResponse> view{
          table, nullptr, absl::StrCat("weir subscriptions list ", options->user_id)};
      return list_pages(request, options->paging, settings, fetch, view);
    };
  });
}

void add_cancel(CLI::App& subscriptions, Action& chosen) {
  auto id = std::make_shared<std::int64_t>();
  CLI::App& command = *subscriptions.add_subcommand("cancel", "Cancel a subscription");
  command.add_option("id", *id, "The subscription's id")->type_name("ID")->required();
  command.footer(R"(Examples:
  weir subscriptions cancel 7)");
  command.callback([id, &chosen] {
    chosen = [id](const Settings& settings) {
      Session session(settings.channel_options());
      return show(session.run(session.subscriptions().cancel(*id)), settings, subscription_details);
    };
  });
}

}  // namespace

void add_subscriptions_commands(CLI::App& app, Action& chosen) {
  CLI::App& subscriptions =
      *app.add_subcommand("subscriptions", "Create, list and cancel subscriptions");
  subscriptions.require_subcommand(1);
  add_create(subscriptions, chosen);
  add_list(subscriptions, chosen);
  add_cancel(subscriptions, chosen);
}

}  // namespace weir::cli
