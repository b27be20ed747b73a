// SPDX-License-Identifier: Apache-2.0
#include "async/runtime.h"

#include <cassert>

#include "async/cancelled.h"
#include "async/detail/thread_name.h"

namespace weir {
namespace {

Task<void> run_until(CancellationToken stop) { (void)co_await cancelled(std::move(stop)); }

}  // namespace

Runtime::Runtime(const std::string& name, std::size_t loops) {
  assert(loops > 0);
  for (std::size_t i = 0; i < loops; ++i) {
    shards_.push_back(std::make_unique<Shard>());
    Shard& shard = *shards_.back();
    shard.thread = std::thread([&shard, stop = stop_, called = name + "-" + std::to_string(i)] {
      detail::name_this_thread(called);
      shard.loop.run(run_until(stop));
    });
  }
}

Runtime::~Runtime() {
  stop_.cancel();
  for (const std::unique_ptr<Shard>& shard : shards_) shard->thread.join();
}

}  // namespace weir
