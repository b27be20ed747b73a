// SPDX-License-Identifier: Apache-2.0
// A stream of work, at most n at a time, results as they come: the processor of a batch.
// Tokio: stream::iter(items).map(process).buffer_unordered(n), try_for_each_concurrent.
#include <algorithm>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "async/or_return.h"
#include "async/sleep.h"
#include "async/stream/buffered.h"
#include "async/stream/for_each.h"
#include "async/stream/iter.h"
#include "async/stream/map.h"
#include "async/with_scope.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

Task<absl::StatusOr<std::string>> fetch_user(int id) {
  co_await or_return(co_await sleep(id * 10ms));
  if (id == 3) co_return absl::NotFoundError("no user 3");
  co_return absl::StrCat("user ", id);
}

// Reads as it says. A reader that is slow holds the work back; an error is an item, not the end.
Task<absl::Status> process_all(std::vector<int> ids, std::ostream& out) {
  co_return co_await with_scope([&](TaskScope& scope) -> Task<absl::Status> {
    auto calls = map(iter(std::move(ids)), fetch_user);
    auto users = buffer_unordered(scope, std::move(calls), 2);
    while (const auto user = co_await users.next()) {
      out << (user->ok() ? **user : user->status().ToString()) << "\n";
    }
    co_return absl::OkStatus();
  });
}

// Where there are no results to read, and the first error ends it all.
Task<absl::Status> remind_all(std::vector<int> ids, int& reminded) {
  auto remind = [&reminded](int id) -> Task<absl::Status> {
    co_await or_return(fetch_user(id));
    ++reminded;
    co_return absl::OkStatus();
  };
  co_return co_await for_each_concurrent(iter(std::move(ids)), 8, remind);
}

}  // namespace

Task<void> example_22_buffer_unordered(std::ostream& out) {
  const std::vector<int> ids = {6, 1, 3, 4};
  out << co_await process_all(ids, out) << "\n";
  int reminded = 0;
  const absl::Status status = co_await remind_all(ids, reminded);
  out << status << " after " << reminded << "\n";
}

}  // namespace weir::examples

// Output:
// user 1
// NOT_FOUND: no user 3
// user 6
// user 4
// OK
// NOT_FOUND: no user 3 after 1
