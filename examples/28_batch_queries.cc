// SPDX-License-Identifier: Apache-2.0
// One query for many instead of one for each: a thousand callers say find(id), a few queries go.
// Tokio: list_by_ids in place of a loop of get; the dataloader pattern.
#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "async/join.h"
#include "async/mpsc.h"
#include "async/oneshot.h"
#include "async/or_return.h"
#include "async/sleep.h"
#include "async/with_scope.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

struct Lookup {
  int id;
  oneshot::Sender<std::string> found;
};

// Takes all that waits, up to 25, and asks once for all of them. A lone one goes at once:
// there is no timer. (server/postgres/loader.h does so for the service's queries.)
Task<void> query_for_all(mpsc::Receiver<Lookup> lookups, int& queries) {
  for (;;) {
    std::vector<Lookup> batch;
    const absl::StatusOr<std::size_t> count = co_await lookups.recv_many(batch, 25);
    if (!count.ok()) co_return;  // the senders are gone
    ++queries;
    (void)co_await sleep(5ms);  // SELECT ... WHERE id = ANY($1)
    for (Lookup& one : batch) (void)one.found.send(absl::StrCat("user ", one.id));
  }
}

Task<absl::StatusOr<std::string>> find(mpsc::Sender<Lookup> lookups, int id) {
  auto [found, answer] = oneshot::channel<std::string>();
  Lookup lookup{id, std::move(found)};
  co_await or_return(co_await lookups.send(std::move(lookup)));
  co_return co_await answer.receive();
}

Task<absl::Status> find_many(int count, int& found, int& queries) {
  co_return co_await with_scope([&](TaskScope& scope) -> Task<absl::Status> {
    auto [sender, receiver] = mpsc::channel<Lookup>(1000);
    scope.spawn(query_for_all(std::move(receiver), queries));
    std::vector<Task<absl::StatusOr<std::string>>> calls;
    for (int id = 1; id <= count; ++id) calls.push_back(find(sender, id));
    for (const auto& user : co_await join_all(std::move(calls))) found += user.ok();
    co_return absl::OkStatus();
  });
}

}  // namespace

Task<void> example_28_batch_queries(std::ostream& out) {
  int found = 0;
  int queries = 0;
  const absl::Status status = co_await find_many(50, found, queries);
  out << status << ": " << found << " users by " << queries << " queries\n";
}

}  // namespace weir::examples

// Output:
// OK: 50 users by 2 queries
