// SPDX-License-Identifier: Apache-2.0
#pragma once

// Limiter: so many lines a second of each place in a source, and how many were left out.
//
// Thread: any.

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "async/time.h"
#include "server/log.h"

namespace weir::log::detail {

class Limiter {
 public:
  // Places beyond so many share one.
  static constexpr std::size_t kMaxPlaces = 1024;

  explicit Limiter(int per_second) : per_second_(per_second) {}

  // How many were left out there since the last one that was not; nullopt: this one is, too.
  std::optional<std::uint64_t> admit(const Place& place, TimePoint now);

 private:
  struct Lines {
    TimePoint second_began{};
    int in_second = 0;
    std::uint64_t left_out = 0;
  };

  const int per_second_;
  std::mutex mutex_;
  std::map<std::pair<const char*, unsigned>, Lines> places_;
};

}  // namespace weir::log::detail
