// SPDX-License-Identifier: Apache-2.0
// Many values, one after the other, each made when it is asked for.
// Tokio: async_stream's stream!, StreamExt: filter, map, take, chunks, merge, collect.
#include <ostream>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "async/or_return.h"
#include "async/sleep.h"
#include "async/stream.h"
#include "async/stream/collect.h"
#include "async/stream/map.h"
#include "async/stream/merge.h"
#include "async/with_scope.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

// [stream]
Stream<int> numbers(int from, int to, Duration pause) {
  for (int n = from; n <= to; ++n) {
    const absl::Status slept = co_await sleep(pause);
    if (!slept.ok()) co_return;  // told to stop: the stream ends
    co_yield n;
  }
}

Task<std::vector<int>> even_squares() {
  Stream<int> even = filter(numbers(0, 1000000, 1ms), [](int n) { return n % 2 == 0; });
  Stream<int> squares = map(std::move(even), [](int n) { return n * n; });
  co_return co_await collect(take(std::move(squares), 5));  // and no more are ever made
}
// [stream]

Task<void> in_chunks(std::ostream& out) {
  Stream<std::vector<int>> threes = chunks(numbers(1, 7, 1ms), 3);
  while (const std::optional<std::vector<int>> chunk = co_await threes.next()) {
    out << "chunk " << absl::StrJoin(*chunk, " ") << "\n";
  }
}

// Each source is read by a task of its own, so neither waits for the other.
Task<absl::Status> merged(std::ostream& out) {
  co_return co_await with_scope([&](TaskScope& scope) -> Task<absl::Status> {
    auto both = merge(scope, numbers(1, 3, 20ms), numbers(10, 12, 32ms));
    std::vector<int> seen;
    while (const std::optional<int> n = co_await or_return(try_next(both))) seen.push_back(*n);
    out << "merged " << absl::StrJoin(seen, " ") << "\n";
    co_return absl::OkStatus();
  });
}

}  // namespace

Task<void> example_21_streams(std::ostream& out) {
  out << "even squares " << absl::StrJoin(co_await even_squares(), " ") << "\n";
  co_await in_chunks(out);
  out << co_await merged(out) << "\n";
}

}  // namespace weir::examples

// Output:
// even squares 0 4 16 36 64
// chunk 1 2 3
// chunk 4 5 6
// chunk 7
// merged 1 10 2 3 11 12
// OK
