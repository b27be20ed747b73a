// SPDX-License-Identifier: Apache-2.0
#pragma once

// Load: keeps calls coming, one thread, epoll.
//
// Closed loop: each call that ends is followed by another, so the server sets the pace, and latency
// says how long the queue is. Open loop (a rate): calls arrive at random moments whether or not the
// server keeps up, and latency counts from the moment of arrival: waiting for a free stream is part
// of it, and a server that stalls cannot hide it by slowing the generator down.

#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bench/gload/call.h"
#include "bench/gload/connection.h"
#include "bench/gload/histogram.h"
#include "bench/gload/options.h"
#include "bench/gload/workload.h"

namespace weir::gload {

class Load final : Connection::Listener {
 public:
  // What was counted while counting was on; wrong answers always.
  struct Counts {
    Histogram latency;  // of right and wrong answers
    std::uint64_t right = 0;
    std::uint64_t wrong = 0;
    std::uint64_t arrivals = 0;  // open loop
    std::uint64_t refused = 0;   // as an overloaded server may, if that was allowed
    std::uint64_t answer_bytes = 0;
    std::string first_wrong;
  };

  // Connects, and learns from the server how many calls each connection may have.
  Load(const Options& options, Workload workload);
  ~Load();

  // One call on every stream, or the arrivals.
  void start();
  void start_counting() { is_counting_ = true; }
  void stop_counting() { is_counting_ = false; }
  // Open loop: from now on so many a second.
  void set_rate(double rate);
  // What was counted since the last time.
  Counts take_counts() { return std::exchange(counts_, Counts()); }
  // From now on calls only end.
  void stop() { is_stopping_ = true; }

  // Does what there is to do, for at most `patience`.
  void turn(Nanos patience);

  std::uint64_t under_way() const { return under_way_; }
  const Counts& counts() const { return counts_; }

 private:
  void finished(Call& call, std::uint32_t http2_error) override;
  void send(Call& call, Nanos start);
  void send_arrivals();
  void await_arrival();

  const Options& options_;
  Workload workload_;
  const Connection::Headers headers_;
  const int epoll_;
  const int timer_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Call> calls_;

  // Open loop only.
  std::deque<Call*> free_;
  Nanos next_arrival_ = 0;
  std::mt19937_64 random_;
  std::exponential_distribution<double> gap_;

  bool is_started_ = false;
  bool is_counting_ = false;
  bool is_stopping_ = false;
  std::uint64_t under_way_ = 0;
  Counts counts_;
};

}  // namespace weir::gload
