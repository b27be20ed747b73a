// SPDX-License-Identifier: Apache-2.0
#include "server/batch/executor_thread.h"

#include <utility>
#include <variant>

#include "async/cancelled.h"
#include "async/detail/thread_name.h"
#include "async/select.h"
#include "async/thread_loop.h"

namespace weir::batch {
namespace {

Task<void> until(CancellationToken token) { (void)co_await cancelled(std::move(token)); }

}  // namespace

ExecutorThread::ExecutorThread(Executor& executor)
    : executor_(executor), thread_([this] {
        weir::detail::name_this_thread("weir-batch");
        ThreadLoop loop;
        loop.run(live());
      }) {}

ExecutorThread::~ExecutorThread() {
  finish(Duration::zero());
  end_.cancel();
  thread_.join();
}

Task<void> ExecutorThread::live() {
  (void)co_await select(executor_.run(), until(cancel_));
  {
    const std::lock_guard lock(mutex_);
    has_finished_ = true;
  }
  changed_.notify_all();
  co_await until(end_);
}

void ExecutorThread::finish(Duration limit) {
  stop();
  std::unique_lock lock(mutex_);
  const auto has_finished = [this] { return has_finished_; };
  if (changed_.wait_for(lock, limit, has_finished)) return;
  lock.unlock();
  cancel_.cancel();
  lock.lock();
  changed_.wait(lock, has_finished);
}

}  // namespace weir::batch
