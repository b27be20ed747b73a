// SPDX-License-Identifier: Apache-2.0
#include "telemetry/tracer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <utility>

#include "telemetry/wire.h"

namespace weir::telemetry {
namespace {

constexpr std::uint64_t kRange = std::uint64_t{1} << 56;

std::uint64_t seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

// OpenTelemetry's randomness of a trace: its last seven bytes.
std::uint64_t randomness(const TraceContext& context) {
  std::uint64_t value = 0;
  for (std::size_t i = 9; i < 16; ++i) value = value << 8 | context.trace_id[i];
  return value;
}

}  // namespace

Tracer::Tracer(const TracerOptions& options)
    : options_(options),
      threshold_(static_cast<std::uint64_t>(std::ldexp(options.ratio, 56))),
      random_state_(seed()) {}

// SplitMix64, a step of which any thread may take.
std::uint64_t Tracer::random() {
  constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15;
  std::uint64_t mixed = random_state_.fetch_add(kStep, std::memory_order_relaxed) + kStep;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

std::array<unsigned char, 8> Tracer::new_span_id() {
  const std::uint64_t value = random() | 1;  // zero is not allowed
  std::array<unsigned char, 8> id;
  std::memcpy(id.data(), &value, id.size());
  return id;
}

std::optional<TraceContext> Tracer::begin(const TraceContext* parent) {
  TraceContext own;
  if (parent != nullptr) {
    own.trace_id = parent->trace_id;
  } else {
    const std::uint64_t halves[] = {random() | 1, random()};
    std::memcpy(own.trace_id.data(), halves, sizeof(halves));
  }
  own.is_sampled = parent != nullptr && options_.follows_parent
                       ? parent->is_sampled
                       : threshold_ >= kRange || randomness(own) < threshold_;
  if (!own.is_sampled) return std::nullopt;
  // Whole traces are dropped before anything is made of them, not spans after they were encoded.
  if (is_full_.load(std::memory_order_relaxed)) {
    dropped_traces_.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  own.span_id = new_span_id();
  return own;
}

void Tracer::submit(const std::string& span) {
  ended_.fetch_add(1, std::memory_order_relaxed);
  bool is_full = false;
  {
    const std::lock_guard lock(mutex_);
    if (queued_ >= options_.max_queue) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    if (batches_.empty() || batches_.back().count >= options_.max_batch) {
      batches_.emplace_back().spans.reserve(usual_size_);
    }
    Batch& batch = batches_.back();
    wire::bytes(batch.spans, 2, span);
    is_full_.store(++queued_ >= options_.max_queue, std::memory_order_relaxed);
    is_full = ++batch.count == options_.max_batch;
  }
  if (is_full) changed_.notify_one();
}

Tracer::Batch Tracer::take() {
  std::unique_lock lock(mutex_);
  const auto has_full = [this] {
    return stopping_ || (!batches_.empty() && batches_.front().count >= options_.max_batch);
  };
  do {
    changed_.wait_for(lock, options_.delay, has_full);
    if (stopping_ && batches_.empty()) return {};
  } while (batches_.empty());
  Batch batch = std::move(batches_.front());
  usual_size_ = std::max(usual_size_, batch.spans.size());
  batches_.pop_front();
  queued_ -= batch.count;
  is_full_.store(queued_ >= options_.max_queue, std::memory_order_relaxed);
  return batch;
}

void Tracer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

TracerStats Tracer::stats() const {
  TracerStats stats;
  stats.ended = ended_.load(std::memory_order_relaxed);
  stats.dropped = dropped_.load(std::memory_order_relaxed);
  stats.dropped_traces = dropped_traces_.load(std::memory_order_relaxed);
  stats.exported = exported_.load(std::memory_order_relaxed);
  stats.rejected = rejected_.load(std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  stats.queued = queued_;
  return stats;
}

}  // namespace weir::telemetry
