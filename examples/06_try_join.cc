// SPDX-License-Identifier: Apache-2.0
// Run tasks at the same time; the first error asks the others to stop, and is the result.
// Tokio: try_join!.
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "async/or_return.h"
#include "async/sleep.h"
#include "async/try_join.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

struct Dashboard {
  std::string user;
  std::vector<std::string> posts;
  int subscriptions = 0;
};

Task<absl::StatusOr<std::string>> find_user(int id) {
  co_await or_return(co_await sleep(5ms));
  if (id != 1) co_return absl::NotFoundError("no such user");
  co_return "Ada";
}

Task<absl::StatusOr<std::vector<std::string>>> list_posts(int, std::ostream& out) {
  const absl::Status slept = co_await sleep(50ms);
  // A query that waits is told too, and answers at once: here it is a sleep.
  if (!slept.ok()) out << "the posts were told to stop: " << slept << "\n";
  co_await or_return(slept);
  co_return std::vector<std::string>{"Note G"};
}

Task<absl::StatusOr<int>> count_subscriptions(int) { co_return 2; }

// [try-join]
Task<absl::StatusOr<Dashboard>> read_dashboard(int id, std::ostream& out) {
  auto parts = co_await or_return(
      co_await try_join(find_user(id), list_posts(id, out), count_subscriptions(id)));
  auto& [user, posts, subscriptions] = parts;
  co_return Dashboard{user, posts, subscriptions};
}
// [try-join]

}  // namespace

Task<void> example_06_try_join(std::ostream& out) {
  const absl::StatusOr<Dashboard> ada = co_await read_dashboard(1, out);
  out << ada->user << ": " << ada->posts.size() << " post, " << ada->subscriptions
      << " subscriptions\n";
  const absl::StatusOr<Dashboard> nobody = co_await read_dashboard(2, out);
  out << nobody.status() << "\n";
}

}  // namespace weir::examples

// Output:
// Ada: 1 post, 2 subscriptions
// the posts were told to stop: CANCELLED: the operation was cancelled
// NOT_FOUND: no such user
