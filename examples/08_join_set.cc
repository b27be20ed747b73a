// SPDX-License-Identifier: Apache-2.0
// Spawn as many tasks as there are, and take their results as they end.
// Tokio: tokio::spawn and JoinHandle, JoinSet.
#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "async/join_set.h"
#include "async/or_return.h"
#include "async/sleep.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

Task<absl::StatusOr<std::string>> fetch_user(int id) {
  co_await or_return(co_await sleep(id * 10ms));
  if (id == 13) co_return absl::NotFoundError("no user 13");
  co_return absl::StrCat("user ", id);
}

// All at once: bound it where the list comes from outside (20_semaphore.cc,
// 22_buffer_unordered.cc).
Task<std::vector<std::string>> fetch_all(std::vector<int> ids, std::ostream& out) {
  JoinSet<absl::StatusOr<std::string>> set(co_await this_task());
  for (const int id : ids) set.spawn(fetch_user(id));

  std::vector<std::string> users;
  while (auto user = co_await set.join_next()) {
    if (user->ok()) {
      users.push_back(**std::move(user));
    } else {
      out << "one failed: " << user->status() << "\n";
    }
  }
  co_return users;
}

// The set owns a lambda and its arguments, because a coroutine's captures live in the lambda.
Task<int> sum_in_background(int factor) {
  JoinSet<int> set(co_await this_task());
  for (int n = 1; n <= 3; ++n) {
    set.spawn([factor](int times) -> Task<int> { co_return factor* times; }, n);
  }
  int sum = 0;
  while (const std::optional<int> one = co_await set.join_next()) sum += *one;
  co_return sum;
}

// What is not wanted any more is asked to stop; its answers still come, so that nothing is left.
Task<int> first_and_abort_the_rest(std::ostream& out) {
  JoinSet<absl::StatusOr<std::string>> set(co_await this_task());
  for (const int id : {5, 1, 3}) set.spawn(fetch_user(id));
  const auto first = co_await set.join_next();
  out << "first: " << **first << "\n";
  set.abort_all();
  int cancelled = 0;
  while (auto other = co_await set.join_next()) cancelled += absl::IsCancelled(other->status());
  co_return cancelled;
}

}  // namespace

Task<void> example_08_join_set(std::ostream& out) {
  const std::vector<int> ids = {4, 13, 2};
  for (const std::string& user : co_await fetch_all(ids, out)) out << user << "\n";
  out << "sum: " << co_await sum_in_background(10) << "\n";
  const auto cancelled = co_await first_and_abort_the_rest(out);
  out << "cancelled: " << cancelled << "\n";
}

}  // namespace weir::examples

// Output:
// one failed: NOT_FOUND: no user 13
// user 2
// user 4
// sum: 60
// first: user 1
// cancelled: 2
