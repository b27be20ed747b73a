// SPDX-License-Identifier: Apache-2.0
#pragma once

// LaggingReads: reads whose callers can stand that what they get is a moment old. They are the
// standby's if there is one and it is recent (server/postgres/standby.h), else the primary's.
//
//     const auto list = [id](PostRepository& posts) { return posts.list_before(id, ...); };
//     std::vector<Post> posts = co_await or_return(reads.read(list));
//
// Fit for it are lists, and the parts of a dashboard that may be missing. Not fit:
//
//   - what fills the cache: a late answer would be kept as if it were the newest,
//   - what a write, or its precondition, depends on,
//   - what is read because something has changed (watches, the feed, claims of batches): it may not
//     have changed there yet, and nobody reads again,
//   - what the caller has just learned to be there (GetUser, BatchGetUsers, results of a batch that
//     has ended): it would be "not found", or end too early.
//
// What the standby cannot answer the primary is asked, once: whether the standby is gone, full, has
// cancelled the statement because it conflicts with what it replays, or does not answer. For the
// last the standby has half of the time that the call has left.
//
// Without a standby it costs nothing: the repository's own task is what is awaited.
// Thread: any. The repository and the standby must outlive it, and it its awaits.

#include <optional>
#include <type_traits>
#include <utility>

#include "async/task.h"
#include "async/timeout.h"
#include "server/postgres/standby.h"

namespace weir::postgres {

template <class Repository>
class LaggingReads {
 public:
  // `standby` may be null.
  LaggingReads(Repository& primary, Standby* standby) : primary_(primary), standby_(standby) {
    if (standby != nullptr) there_.emplace(standby->pool());
  }

  // ask(Repository&) -> Task<StatusOr<T>>. May be called twice.
  template <class Ask>
  std::invoke_result_t<Ask&, Repository&> read(Ask ask) {
    if (standby_ == nullptr) return ask(primary_);
    return read_either(std::move(ask));
  }

 private:
  template <class Ask>
  std::invoke_result_t<Ask&, Repository&> read_either(Ask ask) {
    using Answered = Standby::Answered;
    if (!standby_->is_recent()) {
      standby_->count(Answered::kPrimary);
      co_return co_await ask(primary_);
    }
    const Context& context = co_await this_context();
    const Duration half = context.remaining() / 2;
    auto found = co_await timeout(half, ask(*there_));
    if (found.ok() || context.is_cancelled()) {
      standby_->count(Answered::kStandby);
      co_return found;
    }
    standby_->failed(found.status(), half);
    standby_->count(Answered::kAfterFailure);
    co_return co_await ask(primary_);
  }

  Repository& primary_;
  Standby* const standby_;
  std::optional<Repository> there_;
};

}  // namespace weir::postgres
