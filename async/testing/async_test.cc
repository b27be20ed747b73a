// SPDX-License-Identifier: Apache-2.0
#include "async/testing/async_test.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "async/testing/lost_errors.h"

namespace weir::testing {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

void run_under_seed(Task<void> (*body)(), std::uint64_t seed) {
  TestLoop loop(seed);
  run_or_abort(loop, body(), "replay with WEIR_TEST_SEED=" + std::to_string(seed));
}

}  // namespace

void run_or_abort(TestLoop& loop, Task<void> body, const std::string& what) {
  SCOPED_TRACE(what);
  LostErrors lost;
  const std::string hang = loop.run(std::move(body));
  for (const std::string& error : lost.take()) ADD_FAILURE() << "an error was lost: " << error;
  if (hang.empty()) return;
  std::fprintf(stderr, "A task hangs (%s): %s", what.c_str(), hang.c_str());
  std::abort();
}

void run_under_seeds(Task<void> (*body)(), std::uint64_t seeds) {
  if (std::getenv("WEIR_TEST_SEED") != nullptr) {
    return run_under_seed(body, number_from("WEIR_TEST_SEED", 0));
  }
  const std::uint64_t last = number_from("WEIR_TEST_SEEDS", seeds);
  for (std::uint64_t seed = 1; seed <= last && !::testing::Test::HasFailure(); ++seed) {
    run_under_seed(body, seed);
  }
}

}  // namespace weir::testing
