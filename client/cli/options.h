// SPDX-License-Identifier: Apache-2.0
#pragma once

// The pieces of the command line that CLI11 does not have: durations, and an action per command.

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <string>

#include "client/cli/settings.h"

namespace weir::cli {

// What the chosen command does, once everything has been parsed. Returns the exit code.
using Action = std::function<int(const Settings&)>;

// An option such as `--timeout 1.5s`; *target is its default.
CLI::Option* add_duration(CLI::App& app, const std::string& name, Duration* target,
                          const std::string& help);

// The user that a command is about.
CLI::Option* add_user_id(CLI::App& command, std::int64_t* id);

// Each adds its commands to `app`, and sets `chosen` when one of them is given.
void add_users_commands(CLI::App& app, Action& chosen);
void add_users_watch_command(CLI::App& users, Action& chosen);
void add_posts_commands(CLI::App& app, Action& chosen);
void add_subscriptions_commands(CLI::App& app, Action& chosen);
void add_dashboard_command(CLI::App& app, Action& chosen);
void add_batch_commands(CLI::App& app, Action& chosen);
void add_health_command(CLI::App& app, Action& chosen);
void add_load_command(CLI::App& app, Action& chosen);
void add_top_command(CLI::App& app, Action& chosen);

}  // namespace weir::cli
