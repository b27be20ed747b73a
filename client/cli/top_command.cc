// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "async/or_return.h"
#include "async/sleep.h"
#include "async/thread_loop.h"
#include "client/cli/error_report.h"
#include "client/cli/exit_code.h"
#include "client/cli/http_get.h"
#include "client/cli/interrupt.h"
#include "client/cli/options.h"
#include "client/cli/output.h"
#include "client/cli/text.h"
#include "client/cli/top_view.h"

namespace weir::cli {
namespace {

struct Options {
  std::string admin_address = "127.0.0.1:8081";
  Duration every = std::chrono::seconds(1);
  bool once = false;
};

// What the server's admin port wants to be told. Not an option: everybody can read those.
absl::StatusOr<std::string> admin_token() {
  const char* const token = std::getenv("WEIR_ADMIN_TOKEN");
  if (token != nullptr && *token != '\0') return token;
  const char* const path = std::getenv("WEIR_ADMIN_TOKEN_FILE");
  if (path == nullptr || *path == '\0') return "";
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line) || line.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("WEIR_ADMIN_TOKEN_FILE: cannot be read, or is empty: ", path));
  }
  return std::string(absl::StripTrailingAsciiWhitespace(line));
}

// Of one server, until it is cancelled or does not answer.
Task<absl::Status> look(const Options& options, const Settings& settings) {
  const bool is_live = isatty(STDOUT_FILENO) == 1 && !options.once && !settings.json;
  const std::string token = co_await or_return(admin_token());
  std::optional<Scrape> before;
  TimePoint before_at;
  for (;;) {
    // Blocks, in a program that has nothing else to do.
    const std::string text =
        co_await or_return(http_get(options.admin_address, "/metrics", token, settings.timeout));
    const TimePoint now_at = std::chrono::steady_clock::now();
    Scrape now(text);
    if (before) {
      const std::string slowest = co_await or_return(
          http_get(options.admin_address, "/tasks/slowest.json", token, settings.timeout));
      const Change change(*before, now, now_at - before_at);
      // Home, and nothing of the last picture below.
      print(settings.json ? printable(absl::StripTrailingAsciiWhitespace(slowest)) + "\n"
                          : (is_live ? "\x1b[H\x1b[J" : "") + top_view(change, slowest) +
                                (is_live || options.once ? "" : "\n"));
      std::fflush(stdout);
      if (options.once) co_return absl::OkStatus();
    }
    before = std::move(now);
    before_at = now_at;
    co_await or_return(co_await sleep(options.every));
  }
}

int top(const Options& options, const Settings& settings) {
  Interrupt interrupt;
  ThreadLoop loop;
  const absl::Status ended = loop.run(interrupt.cancels(look(options, settings)));
  if (interrupt.has_come()) return kOk;
  return ended.ok() ? kOk : fail(ended, settings);
}

}  // namespace

void add_top_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand(
      "top", "Show a server's main numbers and slowest calls, live, until ctrl-C");
  command.add_option("--admin-address", options->admin_address, "The server's admin port")
      ->envname("WEIR_ADMIN_ADDRESS")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  add_duration(command, "--every", &options->every, "Between two looks");
  command.add_flag("--once", options->once, "One picture, of the time until the second look");
  command.footer(
      R"(If the output is no terminal, each picture follows the last. With --json: what the
calls in progress await, a document a line. The server's WEIR_ADMIN_TOKEN, if it has one, comes
from the variable of that name, or the file that WEIR_ADMIN_TOKEN_FILE names.

Examples:
  weir top
  weir top --once --every 5s
  kubectl port-forward deploy/weir 8081 & weir top)");
  command.callback([options, &chosen] {
    chosen = [options](const Settings& settings) { return top(*options, settings); };
  });
}

}  // namespace weir::cli
