// SPDX-License-Identifier: Apache-2.0
#include "async/testing/async_test.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace weir::testing {
namespace {

constexpr std::uint64_t kDefaultSeeds = 50;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

void run_under_seed(Task<void> (*body)(), std::uint64_t seed) {
  SCOPED_TRACE("replay with WEIR_TEST_SEED=" + std::to_string(seed));
  TestLoop loop(seed);
  const std::string hang = loop.run(body());
  if (hang.empty()) return;
  std::fprintf(stderr, "A task hangs (replay with WEIR_TEST_SEED=%llu): %s",
               static_cast<unsigned long long>(seed), hang.c_str());
  std::abort();
}

}  // namespace

void run_under_seeds(Task<void> (*body)()) {
  if (std::getenv("WEIR_TEST_SEED") != nullptr) {
    return run_under_seed(body, number_from("WEIR_TEST_SEED", 0));
  }
  const std::uint64_t seeds = number_from("WEIR_TEST_SEEDS", kDefaultSeeds);
  for (std::uint64_t seed = 1; seed <= seeds && !::testing::Test::HasFailure(); ++seed) {
    run_under_seed(body, seed);
  }
}

}  // namespace weir::testing
