// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tracer: which traces are sampled, and where spans that have ended wait to be exported. Rust:
// opentelemetry_sdk's sampler and batch span processor.
//
// Nothing here ever waits: what finds no room is dropped and counted, and no trace begins while
// there is none: a collector that is slow, or gone, costs next to nothing. Thread: any.

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "async/time.h"
#include "telemetry/trace_context.h"

namespace weir::telemetry {

struct TracerOptions {
  double ratio = 1;            // of the traces that begin here, that are sampled
  bool follows_parent = true;  // a trace that comes in is sampled if its caller says so
  std::size_t max_queue = 2048;
  std::size_t max_batch = 512;
  Duration delay = std::chrono::seconds(5);  // until a batch that is not full goes
};

struct TracerStats {
  std::uint64_t ended = 0;     // spans, dropped ones included
  std::uint64_t dropped = 0;   // no room, the collector is slow or gone
  std::uint64_t exported = 0;  // the collector took them
  std::uint64_t rejected = 0;  // it did not, and never will
  std::size_t queued = 0;
  // Traces that did not begin for want of room. Nobody knows how many spans they would have had, so
  // they are in none of the numbers above.
  std::uint64_t dropped_traces = 0;
};

class Tracer {
 public:
  explicit Tracer(const TracerOptions& options);

  // The context of a span below `parent`, or of a new trace; nullopt: not sampled, or there is no
  // room for it.
  std::optional<TraceContext> begin(const TraceContext* parent);
  std::array<unsigned char, 8> new_span_id();

  // A span, as OTLP encodes it.
  void submit(const std::string& span);

  // For the exporter. Spans, each as field 2 of a ScopeSpans.
  struct Batch {
    std::string spans;
    std::size_t count = 0;
  };
  // Waits until a batch is full, or one that is not has waited long enough, or `stop`. Empty only
  // after that.
  Batch take();
  // From now on take returns at once.
  void stop();
  void exported(std::size_t count) { exported_.fetch_add(count, std::memory_order_relaxed); }
  void rejected(std::size_t count) { rejected_.fetch_add(count, std::memory_order_relaxed); }

  TracerStats stats() const;

 private:
  std::uint64_t random();

  const TracerOptions options_;
  const std::uint64_t threshold_;  // of the low 56 bits of a trace's id
  std::atomic<std::uint64_t> random_state_;
  std::atomic<std::uint64_t> ended_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::atomic<std::uint64_t> dropped_traces_ = 0;
  std::atomic<std::uint64_t> exported_ = 0;
  std::atomic<std::uint64_t> rejected_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> batches_;   // only the last is not full
  std::size_t usual_size_ = 0;  // of the largest batch, in bytes
  std::size_t queued_ = 0;
  std::atomic<bool> is_full_ = false;  // written with the lock held
  bool stopping_ = false;
};

}  // namespace weir::telemetry
