// SPDX-License-Identifier: Apache-2.0
#include "server/admin/page_maker.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "async/detail/thread_name.h"
#include "server/log.h"

namespace weir::admin {
PageMaker::PageMaker(std::string thread_name, Done done)
    : done_(std::move(done)), thread_([this, name = std::move(thread_name)] {
        weir::detail::name_this_thread(name);
        work();
      }) {}

PageMaker::~PageMaker() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

Page PageMaker::run(const Make& make) {
  try {
    return make();
  } catch (const std::exception& error) {
    log::error("a page of the admin port was not made", {{"error", error.what()}});
    return Page{.status = 500, .body = "the page could not be made; the log says why\n"};
  }
}

void PageMaker::ask(const Make& make, Id id) {
  {
    const std::lock_guard lock(mutex_);
    const auto same = std::find_if(wanted_.begin(), wanted_.end(),
                                   [&](const Wanted& one) { return one.make == &make; });
    if (same != wanted_.end()) {
      same->ids.push_back(id);
    } else {
      wanted_.push_back({&make, {id}});
    }
  }
  changed_.notify_one();
}

void PageMaker::forget(Id id) {
  const std::lock_guard lock(mutex_);
  for (Wanted& one : wanted_) std::erase(one.ids, id);
  std::erase_if(wanted_, [](const Wanted& one) { return one.ids.empty(); });
}

void PageMaker::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_stopping_ || !wanted_.empty(); });
    if (is_stopping_) return;
    const Wanted next = std::move(wanted_.front());
    wanted_.pop_front();
    lock.unlock();
    done_(next.ids, std::make_shared<const Page>(run(*next.make)));
    lock.lock();
  }
}

}  // namespace weir::admin
