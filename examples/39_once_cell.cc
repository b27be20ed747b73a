// SPDX-License-Identifier: Apache-2.0
// Made once, when it is first needed; who comes meanwhile waits for it. A failure is not kept.
// Tokio: tokio::sync::OnceCell.
#include <ostream>
#include <string>

#include "async/join.h"
#include "async/once_cell.h"
#include "async/or_return.h"
#include "async/sleep.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

class Schema {
 public:
  Task<absl::StatusOr<std::string>> name() {
    auto load = [this] { return read(); };
    const std::string* const text = co_await or_return(cell_.get_or_try_init(load));
    co_return *text;
  }
  int reads() const { return reads_; }

 private:
  Task<absl::StatusOr<std::string>> read() {
    ++reads_;
    co_await or_return(co_await sleep(5ms));
    if (reads_ == 1) co_return absl::UnavailableError("not yet");
    co_return std::string("users");
  }

  OnceCell<std::string> cell_;
  int reads_ = 0;
};

}  // namespace

Task<void> example_39_once_cell(std::ostream& out) {
  Schema schema;
  // The first that asks gets the error of its own attempt; the next in line tries again.
  const auto [a, b, c] = co_await join(schema.name(), schema.name(), schema.name());
  int failed = 0;
  for (const absl::StatusOr<std::string>* one : {&a, &b, &c}) failed += one->ok() ? 0 : 1;
  out << failed << " failed, " << schema.reads() << " reads\n";
  const absl::StatusOr<std::string> again = co_await schema.name();
  const std::string name = again.value_or("");
  out << name << ", " << schema.reads() << " reads\n";
}

}  // namespace weir::examples

// Output:
// 1 failed, 2 reads
// users, 2 reads
