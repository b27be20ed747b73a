// SPDX-License-Identifier: Apache-2.0
// Files, without blocking the loop. Tokio: tokio::fs::{read_to_string, write}.
#include <unistd.h>

#include <filesystem>
#include <map>
#include <ostream>
#include <sstream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "async/blocking_pool.h"
#include "async/fs.h"
#include "async/or_return.h"
#include "async/task.h"

namespace weir::examples {
namespace {

using Config = std::map<std::string, std::string>;

absl::StatusOr<Config> parse(const std::string& text) {
  Config config;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) return absl::InvalidArgumentError("no = in: " + line);
    config[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return config;
}

Task<absl::StatusOr<Config>> read_config(BlockingPool& pool, std::string path) {
  const std::string text = co_await or_return(co_await fs::read_to_string(pool, path));
  co_return parse(text);
}

}  // namespace

Task<void> example_24_files(std::ostream& out) {
  BlockingPool pool("files", 1, 16);
  const std::filesystem::path folder = std::filesystem::temp_directory_path();
  const std::string path = folder / absl::StrCat("weir-example-", ::getpid(), ".conf");

  // All or nothing: a reader, or a crash, meets the old file or the new one.
  out << co_await fs::write(pool, path, "port=8080\nname=weir\n") << "\n";
  const absl::StatusOr<Config> config = co_await read_config(pool, path);
  out << "port " << config->at("port") << " of " << config->at("name") << "\n";

  std::filesystem::remove(path);
  out << absl::StatusCodeToString((co_await read_config(pool, path)).status().code()) << "\n";
}

}  // namespace weir::examples

// Output:
// OK
// port 8080 of weir
// NOT_FOUND
