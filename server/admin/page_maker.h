// SPDX-License-Identifier: Apache-2.0
#pragma once

// PageMaker: a thread that makes pages which take their time. All who wait for a page when its
// making begins get the same one, so a flood of requests costs one page after the other, and what
// waits is bounded by the connections.
//
// Thread: ask and forget from one; `done` is called on the maker's.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "server/admin/page.h"

namespace weir::admin {

class PageMaker {
 public:
  using Id = std::uint64_t;  // of who asks
  using Make = std::function<Page()>;
  using Done = std::function<void(const std::vector<Id>& ids, std::shared_ptr<const Page> page)>;

  PageMaker(std::string thread_name, Done done);
  // Waits for the page that is being made.
  ~PageMaker();
  PageMaker(const PageMaker&) = delete;
  PageMaker& operator=(const PageMaker&) = delete;

  // What `make` returns; if it throws, a page that says so.
  static Page run(const Make& make);

  // `make` must outlive this; one of the same place is the same page.
  void ask(const Make& make, Id id);
  // A page that nobody waits for any more is not made.
  void forget(Id id);

 private:
  struct Wanted {
    const Make* make;
    std::vector<Id> ids;
  };

  void work();

  const Done done_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Wanted> wanted_;  // who asked first comes first
  bool is_stopping_ = false;
  std::thread thread_;  // last: it begins when all else is there
};

}  // namespace weir::admin
