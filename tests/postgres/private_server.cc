// SPDX-License-Identifier: Apache-2.0
#include "tests/postgres/private_server.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace weir::postgres::testing {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) {
    throw std::runtime_error(
        absl::StrCat(name, " is not set: run this with ctest, inside scripts/with_stack.sh"));
  }
  return value;
}

std::string fresh_directory() {
  static std::atomic<int> count = 0;
  return absl::StrCat(environment("WEIR_STACK_DIR"), "/postgres-", getpid(), "-", ++count);
}

}  // namespace

PrivateServer::PrivateServer() : directory_(fresh_directory()) { start(); }

PrivateServer::PrivateServer(StandbyOf of) : directory_(fresh_directory()) {
  start(absl::StrCat("--standby-of='", of.primary.directory_, "'"));
}

PrivateServer::~PrivateServer() {
  try {
    run("remove");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());  // with_stack.sh removes it in the end
  }
}

void PrivateServer::start() { start(""); }
void PrivateServer::start(const std::string& option) {
  for (absl::string_view line : absl::StrSplit(run("start", option), '\n')) {
    if (absl::ConsumePrefix(&line, "WEIR_DATABASE_URL=")) url_ = std::string(line);
  }
}
void PrivateServer::stop() { run("stop"); }
void PrivateServer::freeze() { run("freeze"); }
void PrivateServer::thaw() { run("thaw"); }

std::string PrivateServer::run(const std::string& verb, const std::string& option) const {
  const std::string command = absl::StrCat(environment("WEIR_SOURCE_DIR"), "/scripts/postgres.sh ",
                                           verb, " '", directory_, "' ", option);
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen");
  std::string output;
  std::array<char, 1024> buffer;
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) output += buffer.data();
  if (pclose(pipe) != 0) throw std::runtime_error(absl::StrCat("failed: ", command));
  return output;
}

}  // namespace weir::postgres::testing
