// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "server/telemetry/server_metrics.h"

namespace weir::telemetry {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}
// When the program was loaded: near enough to when the process began.
const double started = now();

double entries_in(const char* directory) {
  std::error_code error;
  const std::filesystem::directory_iterator all(directory, error);
  return error ? 0 : static_cast<double>(std::distance(begin(all), end(all)));
}

}  // namespace

void collect_process(Families& out) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  out.counter("process_cpu_seconds_total", "CPU time, user and system.", {},
              seconds(usage.ru_utime) + seconds(usage.ru_stime));
  double pages = 0;
  double resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  out.gauge("process_resident_memory_bytes", "Resident memory.", {},
            resident * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  out.gauge("process_open_fds", "Open file descriptors.", {}, entries_in("/proc/self/fd"));
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  out.gauge("process_max_fds", "File descriptors at most.", {},
            static_cast<double>(limit.rlim_cur));
  out.gauge("process_threads", "Threads.", {}, entries_in("/proc/self/task"));
  out.gauge("process_start_time_seconds", "When the process began, since 1970.", {}, started);
}

}  // namespace weir::telemetry
