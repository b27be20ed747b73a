// SPDX-License-Identifier: Apache-2.0
#include "server/log/take_over.h"

#include <fcntl.h>
#include <google/protobuf/stubs/common.h>
#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <signal.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "server/log.h"

namespace weir::log {
namespace {

// Before other constructors, for gRPC's open descriptors.
[[gnu::constructor(101)]] void fill_standard_descriptors() {
  int fd = 0;
  while (fd >= 0 && fd <= STDERR_FILENO) fd = ::open("/dev/null", O_RDWR);
  if (fd >= 0) ::close(fd);
}

std::string_view name_of_file(const char* path) {
  const std::string_view whole = path;
  return whole.substr(whole.rfind('/') + 1);
}

void tell(const char* library, Level level, const char* file, int line, std::string_view message) {
  const auto number = static_cast<unsigned>(line);
  write_limited(level, library, {{"message", message}},
                {{"file", name_of_file(file)}, {"line", number}}, Place(file, number));
}

// What these libraries call an error is most often a client's mistake.
void tell_of_grpc(gpr_log_func_args* said) {
  const Level level = said->severity == GPR_LOG_SEVERITY_DEBUG  ? Level::kDebug
                      : said->severity == GPR_LOG_SEVERITY_INFO ? Level::kInfo
                                                                : Level::kWarning;
  tell("grpc", level, said->file, said->line, said->message);
}

void tell_of_protobuf(google::protobuf::LogLevel said, const char* file, int line,
                      const std::string& message) {
  const Level level = said == google::protobuf::LOGLEVEL_INFO    ? Level::kInfo
                      : said == google::protobuf::LOGLEVEL_FATAL ? Level::kError
                                                                 : Level::kWarning;
  tell("protobuf", level, file, line, message);
}

void flush_before_abort(int) { flush(); }  // then abort() goes on

}  // namespace

void take_over() {
  gpr_set_log_function(tell_of_grpc);
  google::protobuf::SetLogHandler(tell_of_protobuf);
  struct sigaction action{};
  action.sa_handler = flush_before_abort;
  ::sigaction(SIGABRT, &action, nullptr);
}

}  // namespace weir::log
