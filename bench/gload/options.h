// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/gload/process.h"
#include "bench/gload/socket.h"

namespace weir::gload {

struct Options {
  std::string host = "127.0.0.1";
  int port = 0;
  std::string workload;

  int connections = 8;
  int streams = 32;      // of each connection, at once
  double rate = 0;       // calls per second; 0: as many as the server answers
  int hold = 0;          // calls to hold in progress; 0: none, measure speed
  int watchers = 0;      // that follow the changes made at `rate`; 0: none, measure speed
  bool batch = false;    // watchers take many events in one message
  int deadline_ms = 0;   // 0: no deadline
  std::string priority;  // weir-priority of each call
  std::string source;    // address to connect from
  TlsFiles tls;
  // Phases of an open loop, of which refusals are a part; empty: measure speed.
  struct Phase {
    double rate;  // calls per second
    double seconds;
  };
  std::vector<Phase> surge;
  double warmup = 3;     // seconds
  double duration = 10;  // seconds

  std::int64_t ids = 100'000;
  std::uint64_t seed = 0;
  std::vector<Process> processes;
  bool calibrate = false;
};

// Ends the program, with the usage or an error that names what is wrong, if there is nothing to do.
Options parse_options(int argc, char** argv);

}  // namespace weir::gload
