// SPDX-License-Identifier: Apache-2.0
// Run tasks at the same time and wait for all of them, whatever becomes of each.
// Tokio: join!, futures::future::join_all.
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "async/join.h"
#include "async/or_return.h"
#include "async/sleep.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

Task<absl::StatusOr<std::string>> fetch(std::string what, Duration takes) {
  co_await or_return(co_await sleep(takes));
  co_return absl::StrCat("the ", what);
}

Task<absl::Status> send_email(std::string to) {
  co_await or_return(co_await sleep(10ms));
  if (to.find('@') == std::string::npos) co_return absl::InvalidArgumentError(to);
  co_return absl::OkStatus();
}

// Partial failure is a result: nobody is stopped because another failed.
Task<std::vector<absl::Status>> send_notifications(const std::vector<std::string>& addresses) {
  std::vector<Task<absl::Status>> sending;
  for (const std::string& address : addresses) sending.push_back(send_email(address));
  co_return co_await join_all(std::move(sending));
}

}  // namespace

Task<void> example_05_join(std::ostream& out) {
  const EventLoop& loop = (co_await this_context()).loop();
  const TimePoint begin = loop.now();
  const auto [user, posts, orders] =
      co_await join(fetch("user", 30ms), fetch("posts", 50ms), fetch("orders", 40ms));
  out << *user << ", " << *posts << ", " << *orders << "\n";
  out << "no longer than the longest: " << (loop.now() - begin < 100ms) << "\n";

  const std::vector<std::string> addresses = {"ada@example.com", "nobody", "bob@example.com"};
  for (const absl::Status& sent : co_await send_notifications(addresses)) out << sent << "\n";
}

}  // namespace weir::examples

// Output:
// the user, the posts, the orders
// no longer than the longest: 1
// OK
// INVALID_ARGUMENT: nobody
// OK
