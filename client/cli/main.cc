// SPDX-License-Identifier: Apache-2.0
// weir: the command line. Each command is in a file of its own; here is what they share.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "client/cli/exit_code.h"
#include "client/cli/options.h"
#include "client/target.h"
#include "client/tls.h"

namespace weir::cli {
namespace {

std::string address_fault(const std::string& address) {
  return std::string(client::target_of(address).status().message());
}

void add_global_options(CLI::App& app, Settings& settings) {
  app.add_option("--address", settings.address,
                 "host:port, a list ip:port,ip:port, or a gRPC target such as dns:///weir:50051")
      ->envname("WEIR_ADDRESS")
      ->type_name("ADDRESS")
      ->check(CLI::Validator(address_fault, "", "address"))
      ->capture_default_str();
  add_duration(app, "--timeout", &settings.timeout, "For a call, all its attempts together")
      ->envname("WEIR_TIMEOUT");
  CLI::Option* retries =
      app.add_option("--retries", settings.retries, "Attempts after the first, when UNAVAILABLE")
          ->type_name("N")
          ->check(CLI::Range(0, 10))
          ->capture_default_str();
  app.add_flag("--no-retries", settings.no_retries, "Not even those that gRPC makes by itself")
      ->excludes(retries);
  app.add_option("--balance", settings.balance, "Which address gets a call")
      ->type_name("POLICY")
      ->check(CLI::IsMember({"round_robin", "pick_first"}))
      ->capture_default_str();
  CLI::Option* ca = app.add_option("--tls-ca", settings.tls.ca,
                                   "TLS, with a server whose certificate is signed by this (PEM)")
                        ->envname("WEIR_TLS_CA")
                        ->type_name("FILE")
                        ->check(CLI::ExistingFile);
  CLI::Option* certificate =
      app.add_option("--tls-certificate", settings.tls.certificate, "One's own, to show (PEM)")
          ->envname("WEIR_TLS_CERTIFICATE")
          ->type_name("FILE")
          ->check(CLI::ExistingFile);
  app.add_option("--tls-key", settings.tls.key, "Its key (PEM)")
      ->envname("WEIR_TLS_KEY")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->needs(certificate);
  app.add_option("--tls-server-name", settings.tls_server_name,
                 "The name in the server's certificate, if not the address's")
      ->envname("WEIR_TLS_SERVER_NAME")
      ->type_name("NAME")
      ->needs(ca);
  app.add_flag("--json", settings.json, "One JSON document a line, errors too (on stderr)");
  app.set_version_flag("--version", "weir " WEIR_VERSION);
}

// CLI11 2.1 refuses a variable that a check refuses; 2.4 goes on as if it were not set.
void check_environment(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const std::string name = option->get_envname();
    const char* const value = name.empty() ? nullptr : std::getenv(name.c_str());
    if (value == nullptr || *value == '\0' || option->count() > 0) continue;
    std::string checked = value;
    throw CLI::ValidationError(name, (*option->get_validator())(checked));
  }
}

int main(int argc, char** argv) {
  CLI::App app(
      "Talks to a Weir server. `weir COMMAND --help` shows a command's options and examples.",
      "weir");
  Settings settings;
  Action chosen;
  app.require_subcommand(1);
  app.fallthrough();  // --json and the like may also follow the command
  app.get_formatter()->column_width(30);
  add_global_options(app, settings);
  add_users_commands(app, chosen);
  add_posts_commands(app, chosen);
  add_subscriptions_commands(app, chosen);
  add_dashboard_command(app, chosen);
  add_batch_commands(app, chosen);
  add_health_command(app, chosen);
  add_load_command(app, chosen);
  add_top_command(app, chosen);
  app.footer(std::string(R"(Examples:
  weir users create --name "Ada Lovelace" --email ada@example.com
  weir users list
  weir dashboard 1
  weir health --address 10.0.0.1:50051

)") + kExitCodesHelp);

  try {
    app.parse(argc, argv);
    check_environment(app);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  if (!settings.tls.ca.empty()) {
    if (absl::Status status = client::check_tls_files(settings.tls); !status.ok()) {
      std::fprintf(stderr, "weir: %s\n", std::string(status.message()).c_str());
      return kUsage;
    }
  }
  const int exit_code = chosen(settings);
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    std::perror("weir: cannot write the output");
    return kFailed;
  }
  return exit_code;
}

}  // namespace
}  // namespace weir::cli

int main(int argc, char** argv) { return weir::cli::main(argc, argv); }
