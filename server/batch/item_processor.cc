// SPDX-License-Identifier: Apache-2.0
#include "server/batch/item_processor.h"

#include <optional>
#include <utility>

#include "async/or_return.h"
#include "async/with_scope.h"
#include "telemetry/with_span.h"

namespace weir::batch {

struct ItemProcessor::Call {
  Call(std::size_t limit, Results& to) : items(limit), results(to) {}

  Semaphore items;
  Semaphore turn{1};  // to write: one at a time
  Results& results;
};

Task<absl::Status> ItemProcessor::process(Items& items, Results& results) {
  Call call(limits_.in_call, results);
  const auto read = [&](TaskScope& scope) -> Task<absl::Status> {
    for (;;) {
      Permit in_call = co_await or_return(co_await call.items.acquire());
      std::optional<v1::BatchItem> item = co_await or_return(items.read());
      if (!item) co_return absl::OkStatus();
      // Only now: a caller that sends nothing holds none of what all share.
      Permit in_server = co_await or_return(co_await in_server_.acquire());
      scope.spawn(process_one(call, *std::move(item), std::move(in_call), std::move(in_server)));
    }
  };
  co_return co_await with_scope(read);
}

// [process_one]
Task<absl::Status> ItemProcessor::process_one(Call& call, v1::BatchItem item,
                                              [[maybe_unused]] Permit in_call,
                                              [[maybe_unused]] Permit in_server) {
  const Context& context = co_await this_context();
  const v1::BatchResult result = co_await with_span(context, "batch.item", work_(item));
  const Permit turn = co_await or_return(co_await call.turn.acquire());
  co_return co_await call.results.write(result);
}
// [process_one]

}  // namespace weir::batch
