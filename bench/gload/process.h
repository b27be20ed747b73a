// SPDX-License-Identifier: Apache-2.0
#pragma once

// What processes use, read from /proc: CPU time and memory of those under measurement, and what the
// machine as a whole was busy with, which tells whether anything disturbed the measurement.

#include <cstdint>
#include <string>

namespace weir::gload {

struct Process {
  std::string name;
  int pid = 0;
  bool with_children = false;
};

// Seconds of CPU time, of all threads, and of the children too if asked for. Ends the program if
// the process is gone.
double cpu_seconds(const Process& process);

// Resident memory, in KiB.
std::uint64_t resident_kib(const Process& process);

// Seconds of CPU time of this process.
double own_cpu_seconds();

// Seconds of CPU time of all cores together.
struct Machine {
  double busy = 0;
  double softirq = 0;
  double steal = 0;
};
Machine machine_seconds();

}  // namespace weir::gload
