// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/options.h"
#include "client/cli/output.h"
#include "client/cli/paging.h"
#include "client/cli/password.h"
#include "client/cli/session.h"
#include "client/cli/user_view.h"

namespace weir::cli {
namespace {

namespace v1 = users::v1;

int show(const absl::StatusOr<client::User>& user, const Settings& settings) {
  return cli::show(user, settings, user_details);
}

template <class Users>
std::string table_of(const Users& users) {
  std::vector<const client::User*> rows;
  for (const client::User& user : users) rows.push_back(&user);
  return user_table(rows);
}

// What is wrong with how the program was called, found after the command line was parsed.
int usage_error(const absl::Status& error) {
  say(error.message());
  return kUsage;
}

void add_create(CLI::App& users, Action& chosen) {
  struct Options {
    v1::CreateUserRequest request;
    PasswordSource password;
  };
  auto options = std::make_shared<Options>();
  CLI::App& command = *users.add_subcommand("create", "Create a user");
  const auto text = [&](const char* name, std::string* target, const char* help) {
    return command.add_option(name, *target, help)->type_name("TEXT");
  };
  text("--name", options->request.mutable_name(), "What the user is called")->required();
  text("--email", options->request.mutable_email(), "The e-mail address, unique")->required();
  text("--request-id", options->request.mutable_request_id(),
       "Makes repeating the command harmless: the same id creates one user [default: random]");
  command.add_flag("--password", options->password.from_terminal,
                   "Ask for a password (without any, the user cannot log in)");
  add_password_options(command, options->password);
  command.footer(R"(Examples:
  weir users create --name "Ada Lovelace" --email ada@example.com --password
  pwgen -s 20 1 | weir users create --name Bob --email bob@example.com --password-stdin)");
  command.callback([options, &chosen] {
    chosen = [options](const Settings& settings) {
      if (options->password.is_given()) {
        absl::StatusOr<std::string> password = read_password(options->password, Typed::kTwice);
        if (!password.ok()) return usage_error(password.status());
        options->request.set_password(*std::move(password));
      }
      Session session(settings.channel_options());
      return show(session.run(session.users().create(options->request)), settings);
    };
  });
}

CLI::Option* add_id(CLI::App& command, std::int64_t* id) {
  return command.add_option("id", *id, "The user's id")->type_name("ID")->required();
}

void add_get(CLI::App& users, Action& chosen) {
  auto id = std::make_shared<std::int64_t>();
  CLI::App& command = *users.add_subcommand("get", "Show a user");
  add_id(command, id.get());
  command.footer(R"(Examples:
  weir users get 42
  weir users get 42 --json | jq -r .email)");
  command.callback([id, &chosen] {
    chosen = [id](const Settings& settings) {
      Session session(settings.channel_options());
      return show(session.run(session.users().get(*id)), settings);
    };
  });
}

void add_list(CLI::App& users, Action& chosen) {
  auto paging = std::make_shared<Paging>();
  CLI::App& command = *users.add_subcommand("list", "List users in the order of their ids");
  add_paging_options(command, *paging, "Users in a page, at most 1000 [default: 50]");
  command.footer(R"(Examples:
  weir users list --page-size 20
  weir users list --all --json | jq -r '.users[].email')");
  command.callback([paging, &chosen] {
    chosen = [paging](const Settings& settings) {
      Session session(settings.channel_options());
      const auto fetch = [&](const auto& page) { return session.run(session.users().list(page)); };
      const auto table = [](const v1::ListUsersResponse& page) { return table_of(page.users()); };
      const auto summary = [](const v1::ListUsersResponse& page) {
        return absl::StrCat(page.users_size(), " of ", page.total_size(), " users\n");
      };
      const ListView<v1::ListUsersResponse> view{table, summary, "weir users list"};
      return list_pages(v1::ListUsersRequest(), *paging, settings, fetch, view);
    };
  });
}

void add_update(CLI::App& users, Action& chosen) {
  struct Options {
    std::int64_t id = 0;
    std::string name, email, etag;
  };
  auto options = std::make_shared<Options>();
  CLI::App& command = *users.add_subcommand("update", "Change a user's name or e-mail address");
  add_id(command, &options->id);
  CLI::Option* name =
      command.add_option("--name", options->name, "The new name")->type_name("TEXT");
  CLI::Option* email =
      command.add_option("--email", options->email, "The new e-mail address")->type_name("TEXT");
  command.add_option("--etag", options->etag, "Only if the user's etag is still this one")
      ->type_name("ETAG");
  command.footer(R"help(Examples:
  weir users update 42 --name "Ada King"
  weir users update 42 --email ada@example.org --etag "$(weir users get 42 --json | jq -r .etag)")help");
  command.callback([options, name, email, &chosen] {
    if (name->empty() && email->empty()) {
      throw CLI::ValidationError("update", "nothing to change: give --name or --email");
    }
    v1::UpdateUserRequest request;
    request.mutable_user()->set_id(options->id);
    request.mutable_user()->set_etag(options->etag);
    if (!name->empty()) {
      request.mutable_user()->set_name(options->name);
      request.mutable_update_mask()->add_paths("name");
    }
    if (!email->empty()) {
      request.mutable_user()->set_email(options->email);
      request.mutable_update_mask()->add_paths("email");
    }
    chosen = [request](const Settings& settings) {
      Session session(settings.channel_options());
      return show(session.run(session.users().update(request)), settings);
    };
  });
}

void add_delete(CLI::App& users, Action& chosen) {
  struct Options {
    std::int64_t id = 0;
    std::string etag;
  };
  auto options = std::make_shared<Options>();
  CLI::App& command = *users.add_subcommand("delete", "Delete a user");
  add_id(command, &options->id);
  command.add_option("--etag", options->etag, "Only if the user's etag is still this one")
      ->type_name("ETAG");
  command.footer(R"(Examples:
  weir users delete 42)");
  command.callback([options, &chosen] {
    chosen = [options](const Settings& settings) -> int {
      Session session(settings.channel_options());
      const absl::Status deleted = session.run(session.users().remove(options->id, options->etag));
      if (!deleted.ok()) return fail(deleted, settings);
      print(settings.json ? "{}\n" : absl::StrCat("deleted user ", options->id, "\n"));
      return kOk;
    };
  });
}

void add_batch_get(CLI::App& users, Action& chosen) {
  auto ids = std::make_shared<std::vector<std::int64_t>>();
  CLI::App& command = *users.add_subcommand("batch-get", "Show several users, all of them or none");
  command.add_option("ids", *ids, "The users' ids, at most 1000")->type_name("ID")->required();
  command.footer(R"(Examples:
  weir users batch-get 3 1 2)");
  command.callback([ids, &chosen] {
    chosen = [ids](const Settings& settings) -> int {
      Session session(settings.channel_options());
      const auto found = session.run(session.users().batch_get(*ids));
      if (!found.ok()) return fail(found.status(), settings);
      if (!settings.json) {
        print(table_of(*found));
        return kOk;
      }
      v1::BatchGetUsersResponse response;
      for (const client::User& user : *found) *response.add_users() = user;
      print(as_json(response) + "\n");
      return kOk;
    };
  });
}

void add_verify(CLI::App& users, Action& chosen) {
  struct Options {
    std::string email;
    PasswordSource password;
  };
  auto options = std::make_shared<Options>();
  CLI::App& command = *users.add_subcommand(
      "verify", "Check a user's password; asks for it, and exits with 7 if it is wrong");
  command.add_option("email", options->email, "The user's e-mail address")
      ->type_name("EMAIL")
      ->required();
  add_password_options(command, options->password);
  command.footer(R"(Examples:
  weir users verify ada@example.com
  weir users verify ada@example.com --password-file ada.password)");
  command.callback([options, &chosen] {
    chosen = [options](const Settings& settings) {
      absl::StatusOr<std::string> password = read_password(options->password, Typed::kOnce);
      if (!password.ok()) return usage_error(password.status());
      Session session(settings.channel_options());
      return show(
          session.run(session.users().verify_password(options->email, *std::move(password))),
          settings);
    };
  });
}

}  // namespace

void add_users_commands(CLI::App& app, Action& chosen) {
  CLI::App& users = *app.add_subcommand("users", "Create, show, change, delete and watch users");
  users.require_subcommand(1);
  add_create(users, chosen);
  add_get(users, chosen);
  add_list(users, chosen);
  add_update(users, chosen);
  add_delete(users, chosen);
  add_batch_get(users, chosen);
  add_verify(users, chosen);
  add_users_watch_command(users, chosen);
}

}  // namespace weir::cli
