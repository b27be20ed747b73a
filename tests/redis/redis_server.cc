// SPDX-License-Identifier: Apache-2.0
#include "tests/redis/redis_server.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"

namespace weir::redis {
namespace {

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

// with_stack.sh cleans up what is started below its directory, even after a crash.
std::string parent_directory() {
  const char* stack = std::getenv("WEIR_STACK_DIR");
  return stack != nullptr ? stack : std::filesystem::temp_directory_path().string();
}

std::unique_ptr<RedisServer>& shared_server() {
  static std::unique_ptr<RedisServer> server;
  return server;
}

// Stops the shared server before the program ends, while everything it needs is still there.
class StopSharedServer final : public ::testing::Environment {
  void TearDown() override { shared_server().reset(); }
};
[[maybe_unused]] const auto* const stop_shared_server =
    ::testing::AddGlobalTestEnvironment(new StopSharedServer);

}  // namespace

RedisServer::RedisServer() {
  static int count = 0;
  directory_ = absl::StrCat(parent_directory(), "/weir-redis-test-", ::getpid(), "-", ++count);
  start();
}

RedisServer::~RedisServer() { run("remove"); }

Options RedisServer::options() const {
  Options options;
  options.address = address_;
  options.connections = 1;
  options.command_timeout = std::chrono::seconds(10);
  options.stall_timeout = std::chrono::seconds(10);
  options.connect_timeout = std::chrono::seconds(5);
  return options;
}

void RedisServer::start() {
  const std::string printed = run("start");
  const std::string name = "WEIR_REDIS_URL=";
  const std::size_t begin = printed.find(name);
  if (begin == printed.npos) die("scripts/redis.sh start printed no URL: " + printed);
  const std::size_t end = printed.find('\n', begin);
  const auto address = parse_url(printed.substr(begin + name.size(), end - begin - name.size()));
  if (!address.ok()) die(address.status().ToString());
  address_ = *address;
}

void RedisServer::stop() { run("stop"); }
void RedisServer::freeze() { run("freeze"); }
void RedisServer::thaw() { run("thaw"); }

RedisServer& RedisServer::shared() {
  if (shared_server() == nullptr) shared_server() = std::make_unique<RedisServer>();
  return *shared_server();
}

std::string RedisServer::run(const std::string& verb) const {
  const std::string command =
      absl::StrCat("'" WEIR_SOURCE_DIR "/scripts/redis.sh' ", verb, " '", directory_, "'");
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) die("cannot run " + command);
  std::string printed;
  char buffer[1024];
  while (const std::size_t bytes = std::fread(buffer, 1, sizeof(buffer), pipe)) {
    printed.append(buffer, bytes);
  }
  const int status = ::pclose(pipe);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) die(command + " failed");
  return printed;
}

}  // namespace weir::redis
