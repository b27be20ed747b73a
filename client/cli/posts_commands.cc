// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/options.h"
#include "client/cli/output.h"
#include "client/cli/paging.h"
#include "client/cli/post_view.h"
#include "client/cli/session.h"

namespace weir::cli {
namespace {

namespace v1 = posts::v1;

void add_create(CLI::App& posts, Action& chosen) {
  struct Options {
    v1::CreatePostRequest request;
    std::int64_t user_id = 0;
  };
  auto options = std::make_shared<Options>();
  CLI::App& command = *posts.add_subcommand("create", "Create a post of a user");
  add_user_id(command, &options->user_id);
  command.add_option("--title", *options->request.mutable_title(), "One line")
      ->type_name("TEXT")
      ->required();
  command.add_option("--body", *options->request.mutable_body(), "As many lines as you like")
      ->type_name("TEXT");
  command.footer(R"help(Examples:
  weir posts create 42 --title "On engines"
  weir posts create 42 --title "On engines" --body "$(cat engines.txt)")help");
  command.callback([options, &chosen] {
    chosen = [options](const Settings& settings) {
      Session session(settings.channel_options());
      options->request.set_user_id(options->user_id);
      return show(session.run(session.posts().create(options->request)), settings, post_details);
    };
  });
}

void add_list(CLI::App& posts, Action& chosen) {
  struct Options {
    std::int64_t user_id = 0;
    Paging paging;
  };
  auto options = std::make_shared<Options>();
  CLI::App& command = *posts.add_subcommand("list", "List the posts of a user, newest first");
  add_user_id(command, &options->user_id);
  add_paging_options(command, options->paging, "Posts in a page, at most 200 [default: 50]");
  command.footer(R"(Examples:
  weir posts list 42
  weir posts list 42 --all --json | jq -r '.posts[].body')");
  command.callback([options, &chosen] {
    chosen = [options](const Settings& settings) {
      Session session(settings.channel_options());
      v1::ListPostsRequest request;
      request.set_user_id(options->user_id);
      const auto fetch = [&](const auto& page) { return session.run(session.posts().list(page)); };
      const auto table = [](const v1::ListPostsResponse& response) {
        return post_table(response.posts());
      };
      const ListView<v1::ListPostsResponse> view{
          table, nullptr, absl::StrCat("weir posts list ", options->user_id)};
      return list_pages(request, options->paging, settings, fetch, view);
    };
  });
}

void add_delete(CLI::App& posts, Action& chosen) {
  auto id = std::make_shared<std::int64_t>();
  CLI::App& command = *posts.add_subcommand("delete", "Delete a post");
  command.add_option("id", *id, "The post's id")->type_name("ID")->required();
  command.footer(R"(Examples:
  weir posts delete 7)");
  command.callback([id, &chosen] {
    chosen = [id](const Settings& settings) -> int {
      Session session(settings.channel_options());
      const absl::Status deleted = session.run(session.posts().remove(*id));
      if (!deleted.ok()) return fail(deleted, settings);
      print(settings.json ? "{}\n" : absl::StrCat("deleted post ", *id, "\n"));
      return kOk;
    };
  });
}

}  // namespace

void add_posts_commands(CLI::App& app, Action& chosen) {
  CLI::App& posts = *app.add_subcommand("posts", "Create, list and delete posts");
  posts.require_subcommand(1);
  add_create(posts, chosen);
  add_list(posts, chosen);
  add_delete(posts, chosen);
}

}  // namespace weir::cli
