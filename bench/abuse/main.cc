// SPDX-License-Identifier: Apache-2.0
// weir-abuse: sends bytes that a file holds, on a few connections, as quickly as a server takes
// them. What bench/abuse.py makes the abuse of.

#include <poll.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <deque>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "bench/abuse/sender.h"

namespace weir::abuse {
namespace {

constexpr int kLookMs = 5;

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void run(std::deque<Sender>& senders, Clock::time_point end) {
  std::vector<pollfd> polled(senders.size());
  for (Clock::time_point now = Clock::now(); now < end; now = Clock::now()) {
    for (std::size_t i = 0; i < senders.size(); ++i) {
      senders[i].look(now);
      polled[i] = {senders[i].fd(), senders[i].wanted(), 0};
    }
    if (poll(polled.data(), polled.size(), kLookMs) <= 0) continue;
    for (std::size_t i = 0; i < senders.size(); ++i) {
      if (polled[i].revents != 0) senders[i].handle(polled[i].revents);
    }
  }
}

void report(const std::deque<Sender>& senders) {
  unsigned long long connections = 0;
  unsigned long long closed = 0;
  unsigned long long bytes = 0;
  for (const Sender& sender : senders) {
    connections += sender.connections();
    closed += sender.closed();
    bytes += sender.bytes();
  }
  std::printf("{\"connections\": %llu, \"closed\": %llu, \"bytes\": %llu}\n", connections, closed,
              bytes);
}

}  // namespace
}  // namespace weir::abuse

int main(int argc, char** argv) {
  using namespace weir::abuse;
  Plan plan;
  std::string opening;
  std::string piece;
  int connections = 2;
  int pause_ms = 10;
  double seconds = 30;
  bool is_deaf = false;
  CLI::App app("sends the same bytes again and again", "weir-abuse");
  app.add_option("--port", plan.port, "of the server, on 127.0.0.1")->required();
  app.add_option("--source", plan.source, "the address to connect from")->capture_default_str();
  app.add_option("--opening", opening, "file: what a connection begins with")->required();
  app.add_option("--piece", piece, "file: whole HTTP/2 frames, sent again and again after that");
  app.add_option("--step", plan.step, "by which their streams' ids grow each time");
  app.add_option("--pieces", plan.most_pieces, "at most, on one connection; 0: any number");
  app.add_option("--connections", connections, "at once")->check(CLI::Range(1, 1000));
  app.add_option("--pause-ms", pause_ms, "before a closed connection is made again");
  app.add_option("--seconds", seconds, "that it goes on for");
  app.add_flag("--deaf", is_deaf, "reads nothing");
  app.add_flag("--obey-window", plan.obeys_window, "of the connection");
  CLI11_PARSE(app, argc, argv);
  plan.opening = contents_of(opening);
  if (!piece.empty()) plan.piece = contents_of(piece);
  plan.reads = !is_deaf;
  plan.pause = std::chrono::milliseconds(pause_ms);

  std::deque<Sender> senders;
  for (int i = 0; i < connections; ++i) senders.emplace_back(plan);
  run(senders, Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                  std::chrono::duration<double>(seconds)));
  report(senders);
  return 0;
}
