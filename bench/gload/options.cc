// SPDX-License-Identifier: Apache-2.0
#include "bench/gload/options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "bench/gload/clock.h"
#include "bench/gload/die.h"

namespace weir::gload {
namespace {

constexpr const char* kAbout =
    "gload: load on a gRPC service, from one thread, with a different request each time and a look "
    "at "
    "every answer: HTTP status, grpc-status, and that it is about what was asked.\n"
    "By default each of the --conns connections has --streams calls under way at any time. With "
    "--rate calls arrive at random moments instead, that many a second, and latency counts from "
    "there. With --hold calls are held in progress, for a look at the server's memory.\n"
    "Prints one JSON object. Exits with 1 if an answer was wrong.";

Process process_of(const std::string& text, bool with_children) {
  const std::size_t equals = text.find('=');
  const int pid = equals == std::string::npos ? 0 : std::atoi(text.c_str() + equals + 1);
  if (pid <= 0) die("'" + text + "' is not NAME=PID");
  return {text.substr(0, equals), pid, with_children};
}

std::vector<Options::Phase> phases_of(const std::string& text) {
  std::vector<Options::Phase> phases;
  std::istringstream all(text);
  for (std::string one; std::getline(all, one, ',');) {
    Options::Phase phase{};
    if (std::sscanf(one.c_str(), "%lf:%lf", &phase.rate, &phase.seconds) != 2 || phase.rate <= 0 ||
        phase.seconds <= 0) {
      die("'" + one + "' is not RATE:SECONDS");
    }
    phases.push_back(phase);
  }
  return phases;
}

void split_address(const std::string& address, Options& options) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) die("'" + address + "' is not HOST:PORT");
  options.host = address.substr(0, colon);
  options.port = std::atoi(address.c_str() + colon + 1);
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  options.seed = static_cast<std::uint64_t>(now_ns());
  std::string address;
  std::string surge;
  bool is_lone = false;
  std::vector<std::string> processes;
  std::vector<std::string> trees;

  CLI::App app(kAbout, "gload");
  app.add_option("--address", address, "HOST:PORT of the server, an IPv4 address")
      ->envname("WEIR_ADDRESS");
  app.add_option("--port", options.port, "the same as --address 127.0.0.1:PORT");
  app.add_option("--workload", options.workload,
                 "health, get, batch_get, create, verify or dashboard");
  app.add_option("--conns", options.connections, "connections")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--streams", options.streams, "calls under way at once on each connection")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_flag("--lone", is_lone, "one call at a time: --conns 1 --streams 1");
  app.add_option("--rate", options.rate, "calls per second that arrive, whether answered or not")
      ->check(CLI::PositiveNumber);
  app.add_option(
         "--hold", options.hold,
         "start this many calls, print memory while none is answered, then await the answers")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option(
         "--watch", options.watchers,
         "so many WatchUsers calls, which must see each of the --rate changes a second that "
         "are made to the users 1 to --ids, in order")
      ->check(CLI::Range(1, 100'000));
  app.add_flag("--batch", options.batch, "with --watch: many events in one message");
  app.add_option("--deadline-ms", options.deadline_ms, "of each call; the default is none")
      ->check(CLI::Range(1, 99'999'999));
  app.add_option("--priority", options.priority, "weir-priority of each call");
  app.add_option("--source", options.source, "the address to connect from");
  app.add_option("--tls-ca", options.tls.ca, "PEM file of who signs the server's certificate: TLS")
      ->excludes("--watch");
  auto* certificate = app.add_option("--tls-certificate", options.tls.certificate,
                                     "PEM file, of our own: mutual TLS")
                          ->needs("--tls-ca");
  auto* key = app.add_option("--tls-key", options.tls.key, "its key")->needs(certificate);
  certificate->needs(key);
  app.add_option("--surge", surge,
                 "RATE:SECONDS,...: calls that arrive at these rates, one after the other, and may "
                 "be refused; prints what became of them, in every tenth of a second");
  app.add_option("--warmup", options.warmup, "seconds before the measurement")
      ->check(CLI::Range(0.0, 60.0))
      ->capture_default_str();
  app.add_option("--duration", options.duration, "seconds of the measurement")
      ->check(CLI::Range(0.1, 600.0))
      ->capture_default_str();
  app.add_option("--ids", options.ids, "user ids are from 1 to this")
      ->check(CLI::Range(std::int64_t{1}, INT64_MAX))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of the ids; the default is another each time");
  app.add_option("--proc", processes, "NAME=PID: report the CPU time and memory of this process")
      ->take_all();
  app.add_option("--tree", trees, "NAME=PID: the same, with its children")->take_all();
  app.add_flag(
      "--calibrate", options.calibrate,
      "only: the milliseconds a fixed piece of work takes when every core does it, for the "
      "cores of a virtual machine are not equally fast all day");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }

  for (const std::string& text : processes) options.processes.push_back(process_of(text, false));
  for (const std::string& text : trees) options.processes.push_back(process_of(text, true));
  options.surge = phases_of(surge);
  if (!options.surge.empty()) options.rate = options.surge.front().rate;
  if (options.port == 0 && !address.empty()) split_address(address, options);
  if (is_lone) options.connections = options.streams = 1;
  if (options.hold > 0 && options.rate > 0) die("--hold and --rate do not go together");
  if (options.hold > 0) {
    options.streams = (options.hold + options.connections - 1) / options.connections;
  }
  if (options.watchers > 0 && (options.rate <= 0 || options.port <= 0)) {
    die("--watch needs --rate and --address (or --port)");
  }
  if (options.watchers > 0) return options;
  if (!options.calibrate && (options.workload.empty() || options.port <= 0)) {
    die("--workload and --address (or --port) are needed; see --help");
  }
  return options;
}

}  // namespace weir::gload
