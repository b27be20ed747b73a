// SPDX-License-Identifier: Apache-2.0
#include "bench/gload/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "bench/gload/die.h"

namespace weir::gload {
namespace {

struct Stat {
  int parent = 0;
  double own = 0;
  double of_ended_children = 0;
};

double ticks_to_seconds(std::uint64_t ticks) {
  static const double per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  return static_cast<double>(ticks) / per_second;
}

std::optional<Stat> read_stat(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  // The second field is the command in parentheses, and may contain anything.
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string skipped;
  Stat stat;
  fields >> skipped >> stat.parent;
  for (int i = 0; i < 9; ++i) fields >> skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  std::uint64_t children_user = 0;
  std::uint64_t children_system = 0;
  if (!(fields >> user >> system >> children_user >> children_system)) return std::nullopt;
  stat.own = ticks_to_seconds(user + system);
  stat.of_ended_children = ticks_to_seconds(children_user + children_system);
  return stat;
}

double cpu_seconds_of_children(int parent) {
  double seconds = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    int pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc() || end != name.data() + name.size()) continue;
    const auto stat = read_stat(pid);
    if (stat && stat->parent == parent) seconds += stat->own;
  }
  return seconds;
}

}  // namespace

double cpu_seconds(const Process& process) {
  const auto stat = read_stat(process.pid);
  if (!stat) die("process " + process.name + " is gone");
  if (!process.with_children) return stat->own;
  return stat->own + stat->of_ended_children + cpu_seconds_of_children(process.pid);
}

std::uint64_t resident_kib(const Process& process) {
  std::ifstream file("/proc/" + std::to_string(process.pid) + "/statm");
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  if (!(file >> total_pages >> resident_pages)) die("process " + process.name + " is gone");
  return resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) / 1024;
}

double own_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

Machine machine_seconds() {
  std::ifstream file("/proc/stat");
  std::string cpu;
  file >> cpu;
  enum { kUser, kNice, kSystem, kIdle, kIoWait, kIrq, kSoftirq, kSteal, kFields };
  std::array<std::uint64_t, kFields> ticks{};
  for (std::uint64_t& value : ticks) file >> value;
  Machine machine;
  machine.busy = ticks_to_seconds(ticks[kUser] + ticks[kNice] + ticks[kSystem] + ticks[kIrq] +
                                  ticks[kSoftirq]);
  machine.softirq = ticks_to_seconds(ticks[kSoftirq]);
  machine.steal = ticks_to_seconds(ticks[kSteal]);
  return machine;
}

}  // namespace weir::gload
