// SPDX-License-Identifier: Apache-2.0
#pragma once

// Cache: cache-aside over a database, by key and row version. Tokio: moka's `get_with`, but shared
// by all replicas through Redis.
//
//     redis::Cache cache(client);
//     auto load = [&repository, id] { return repository.load(id); };  // Task<redis::Lookup>
//     redis::Lookup row = co_await cache.get(key, load);    // nullopt: there is no such row
//     ... after the commit of an update, or of an insert:
//     co_await cache.put(key, redis::Versioned(row.version, bytes));
//     ... of a deletion, with the version that the row had last:
//     co_await cache.erase(key, version);
//
// Promises:
//   - An older version never replaces a newer one, whatever the order of arrival, and a fill that
//     comes late does not bring back a deleted row (entry.h). The version must grow over the life
//     of the key, not only of the row: a key that can be given to another row needs a version that
//     goes on, such as the time in microseconds. Versions begin at 1.
//   - Concurrent misses of a key in this process are one load, across loops (single_flight.h).
//     It is nobody's child: one caller's cancellation does not end it, that of all of them does.
//     After put, erase or invalidate a get of the same process does not join an older load.
//   - Redis gone, slow or wrong costs a load, never an error. A write that Redis did not take is
//     repeated until it does, and until then this process reads that key from the database.
//   - Filling delays no answer, and is bounded: beyond max_background it is left out.
//   - A row that does not exist is remembered as well, for negative_ttl.
//
// Traps. The loader may outlive the call of get: it must own what it uses, or refer to what
// outlives the cache. Build it before the co_await if its captures are not trivial (g++ 12).
//
// Thread: any loop's. `co_await cache.close()` before the cache is destroyed, while the loops run.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "async/backoff.h"
#include "async/oneshot.h"
#include "async/sleep.h"
#include "async/task.h"
#include "async/timeout.h"
#include "server/redis/background.h"
#include "server/redis/cache_counters.h"
#include "server/redis/cache_options.h"
#include "server/redis/entry.h"
#include "server/redis/jitter.h"
#include "server/redis/single_flight.h"
#include "server/redis/unsettled.h"
#include "server/redis/versioned_store.h"
#include "telemetry/with_span.h"

namespace weir::redis {

// What is known of a row: its bytes, that there is none, or why that could not be found out.
using Lookup = absl::StatusOr<std::optional<Versioned>>;

// Store: `get(key)` yields StatusOr<optional<string>>, `put_if_newer(key, entry, ttl)` yields
// Status.
template <class Store>
class BasicCache {
 public:
  explicit BasicCache(Store store, CacheOptions options = CacheOptions())
      : options_(options), store_(std::move(store)), jitter_(options.ttl) {}

  // The row under `key`, from Redis or from `load`, a callable that returns Task<Lookup>. The error
  // is the loader's, UNAVAILABLE if it takes longer than load_timeout, or the caller's own
  // cancellation.
  template <class Loader>
  Task<Lookup> get(std::string key, Loader load);

  // The row is now so. Waits for Redis, but for one attempt at most.
  Task<void> put(std::string key, Versioned row) {
    const Duration ttl = jitter_.next();
    return write(std::move(key), Entry(Entry::Kind::kValue, row.version, std::move(row.bytes)),
                 ttl);
  }
  // The row is gone; `version` is its last.
  Task<void> erase(std::string key, std::uint64_t version) {
    return write(std::move(key), Entry(Entry::Kind::kAbsent, version), options_.tombstone_ttl);
  }
  // What is older than `version` is wrong.
  Task<void> invalidate(std::string key, std::uint64_t version) {
    return write(std::move(key), Entry(Entry::Kind::kUnknown, version), options_.tombstone_ttl);
  }

  // Waits for what is under way; writes that Redis has not taken are given up. Nobody may call the
  // cache after this.
  Task<void> close() {
    repairs_.cancel();
    return background_.drain();
  }

  CacheStats stats() const {
    CacheStats stats = counters_.snapshot();
    stats.unsettled_writes = unsettled_.size();
    stats.in_background = background_.running();
    return stats;
  }

 private:
  using Flights = SingleFlight<Lookup>;

  template <class Loader>
  Task<Lookup> load_once(std::string key, Loader load);
  template <class Loader>
  Task<void> fly(std::shared_ptr<typename Flights::Flight> flight, Loader load,
                 telemetry::SpanRef first);
  Task<void> fill(std::string key, Lookup found);
  Task<void> write(std::string key, Entry entry, Duration ttl);
  Task<void> write_once(std::string key, std::string entry, Duration ttl,
                        oneshot::Sender<bool> tried);
  Task<void> repair(std::string key, std::string entry, Duration ttl);

  const CacheOptions options_;
  Store store_;
  Jitter jitter_;
  CacheCounters counters_;
  Flights flights_;
  Unsettled unsettled_;
  CancelScope writes_;   // of what is never cancelled
  CancelScope repairs_;  // of what close cancels
  Background background_;
};

using Cache = BasicCache<VersionedStore>;

template <class Store>
template <class Loader>
Task<Lookup> BasicCache<Store>::get(std::string key, Loader load) {
  if (unsettled_.contains(key)) {
    counters_.count(&CacheCounters::bypassed);
    co_return co_await load_once(std::move(key), std::move(load));
  }
  absl::StatusOr<std::optional<std::string>> stored = co_await store_.get(key);
  if (stored.ok() && stored->has_value()) {
    std::optional<Entry> entry = decode(std::move(**stored));
    if (entry && entry->kind == Entry::Kind::kValue) {
      counters_.count(&CacheCounters::hits);
      co_return Versioned(entry->version, std::move(entry->bytes));
    }
    if (entry && entry->kind == Entry::Kind::kAbsent) {
      counters_.count(&CacheCounters::negative_hits);
      co_return std::nullopt;
    }
  }
  counters_.count(stored.ok() ? &CacheCounters::misses : &CacheCounters::errors);
  const Context& context = co_await this_context();
  if (context.is_cancelled()) co_return context.status();
  co_return co_await load_once(std::move(key), std::move(load));
}

template <class Store>
template <class Loader>
Task<Lookup> BasicCache<Store>::load_once(std::string key, Loader load) {
  const Context& context = co_await this_context();
  typename Flights::Boarding boarding = flights_.join(key);
  if (boarding.is_first) {
    counters_.count(&CacheCounters::loads);
    background_.spawn(context.loop(), boarding.flight->scope,
                      fly(boarding.flight, std::move(load), span_ref(context)));
  } else {
    counters_.count(&CacheCounters::joined);
  }
  co_return co_await flights_.landed(std::move(boarding.flight));
}

template <class Store>
template <class Loader>
Task<void> BasicCache<Store>::fly(std::shared_ptr<typename Flights::Flight> flight, Loader load,
                                  telemetry::SpanRef first) {
  Lookup found = absl::InternalError("the load threw an exception");
  try {
    // It may outlive the caller who was first, and so takes no more than the name of its span.
    Task<Lookup> loading = with_span_below(first, "cache.load", load());
    found = co_await timeout(options_.load_timeout, std::move(loading));
  } catch (...) {
    // Errors are values; what throws all the same must not leave the others waiting.
  }
  if (absl::IsDeadlineExceeded(found.status())) {
    found = absl::UnavailableError("the load took too long");  // not the deadline of a caller
  }
  flights_.land(*flight, found);
  if (found.ok()) co_await fill(flight->key, std::move(found));
}

template <class Store>
Task<void> BasicCache<Store>::fill(std::string key, Lookup found) {
  if (background_.running() > options_.max_background) {
    counters_.count(&CacheCounters::skipped_fills);
    co_return;
  }
  Entry entry(Entry::Kind::kAbsent, 0);  // older than any row: it is stored where nothing is
  Duration ttl = options_.negative_ttl;
  if (found->has_value()) {
    entry = Entry(Entry::Kind::kValue, (*found)->version, std::move((*found)->bytes));
    ttl = jitter_.next();
  }
  counters_.count(&CacheCounters::fills);
  const absl::Status status = co_await store_.put_if_newer(std::move(key), encode(entry), ttl);
  if (!status.ok()) counters_.count(&CacheCounters::failed_writes);
}

template <class Store>
Task<void> BasicCache<Store>::write(std::string key, Entry entry, Duration ttl) {
  flights_.forget(key);
  const Context& context = co_await this_context();
  auto [tried, has_tried] = oneshot::channel<bool>();
  // Not as our own child: the row is committed, and the caller's cancellation does not undo that.
  background_.spawn(context.loop(), writes_,
                    write_once(std::move(key), encode(entry), ttl, std::move(tried)));
  (void)co_await has_tried.receive();
}

template <class Store>
Task<void> BasicCache<Store>::write_once(std::string key, std::string entry, Duration ttl,
                                         oneshot::Sender<bool> tried) {
  const absl::Status status = co_await store_.put_if_newer(key, entry, ttl);
  if (!status.ok()) {
    counters_.count(&CacheCounters::failed_writes);
    if (unsettled_.add(key, options_.max_background)) {
      const Context& context = co_await this_context();
      background_.spawn(context.loop(), repairs_, repair(std::move(key), std::move(entry), ttl));
    } else {
      counters_.count(&CacheCounters::lost_writes);
    }
  }
  tried.send(true);
}

template <class Store>
Task<void> BasicCache<Store>::repair(std::string key, std::string entry, Duration ttl) {
  const Context& context = co_await this_context();
  // By then everything older has expired in Redis by itself.
  const TimePoint end = saturating_add(context.loop().now(), Jitter::longest(options_.ttl));
  Backoff backoff(options_.repair_backoff_base, options_.repair_backoff_cap);
  bool is_settled = false;
  while (!is_settled && context.loop().now() < end) {
    absl::Status status = co_await sleep(backoff.next());
    if (!status.ok()) break;  // the cache is being closed
    status = co_await store_.put_if_newer(key, entry, ttl);
    is_settled = status.ok();
  }
  if (!is_settled) counters_.count(&CacheCounters::lost_writes);
  unsettled_.remove(key);
}

}  // namespace weir::redis
