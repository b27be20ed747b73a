// SPDX-License-Identifier: Apache-2.0
#include "async/testing/async_test.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "async/task_tree.h"
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

// Prints what the loop's tasks are about at the first failure in them.
class DumpAtFailure final : public ::testing::EmptyTestEventListener {
 public:
  explicit DumpAtFailure(const TestLoop& loop) : loop_(loop) {
    ::testing::UnitTest::GetInstance()->listeners().Append(this);
  }
  ~DumpAtFailure() override { ::testing::UnitTest::GetInstance()->listeners().Release(this); }

 private:
  void OnTestPartResult(const ::testing::TestPartResult& result) override {
    if (!result.failed() || !loop_.in_loop_thread() || loop_.roots() == nullptr) return;
    if (std::exchange(has_dumped_, true)) return;
    std::fprintf(stderr, "The tasks at the first failure:\n%s", dump_tasks(loop_).c_str());
  }

  const TestLoop& loop_;
  bool has_dumped_ = false;
};

}  // namespace

void run_or_abort(TestLoop& loop, Task<void> body, const std::string& what) {
  SCOPED_TRACE(what);
  LostErrors lost;
  const DumpAtFailure dump(loop);
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
