// SPDX-License-Identifier: Apache-2.0
#pragma once

// Runtime: several loops, each on a thread of its own. Tokio: the multi_thread runtime; but tasks
// do not move between threads unless you move them (Seastar: one shard a core).
//
//     Runtime runtime("shard", 4);
//     int exit_code = runtime.block_on(serve(runtime));
//     ... in serve: co_await run_on(runtime.next_loop(), [id] { return handle(id); });
//
// block_on runs its task on the calling thread's own loop; the others wait for what is handed over
// with run_on, to one by number or to the next in turn. Because run_on is awaited like any task
// (spawn it in a JoinSet or a TaskScope to go on meanwhile), nothing runs on any loop once block_on
// has returned, and the destructor only stops idle threads and joins them.
//
// Why no work stealing: what one loop runs needs no lock between its awaits, and that is worth more
// to a server whose requests are many and small.
//
// Thread: `next_loop`, `loop` and `size` on any. Threads are called name-0, name-1 ... (15
// characters). Trap: a task that computes for long holds up its loop and no other: see
// async/blocking_pool.h.

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "async/cancellation.h"
#include "async/run_on.h"
#include "async/thread_loop.h"

namespace weir {

class Runtime {
 public:
  Runtime(const std::string& name, std::size_t loops);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // Runs `task` here to its end and returns its result; throws what it throws. Not on a loop.
  template <class T>
  T block_on(Task<T> task) {
    ThreadLoop here;
    return here.run(std::move(task));
  }

  std::size_t size() const { return shards_.size(); }
  EventLoop& loop(std::size_t index) { return shards_[index]->loop; }
  // In turn.
  EventLoop& next_loop() { return loop(next_.fetch_add(1, std::memory_order_relaxed) % size()); }

 private:
  struct Shard {
    ThreadLoop loop;
    std::thread thread;
  };

  CancellationToken stop_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::atomic<std::size_t> next_ = 0;
};

}  // namespace weir
