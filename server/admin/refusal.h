// SPDX-License-Identifier: Apache-2.0
#pragma once

// Refusal: why the admin port did not serve somebody, as weir_admin_refused_total says it.
//
// Thread: any.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace weir::admin {

enum class Refusal {
  kMalformed,  // no HTTP request of the kind that is served here
  kTooLarge,   // its head or its body
  kMethod,     // not GET or HEAD, or PUT where that changes something
  kHost,       // a name that is not ours: DNS rebinding, or a setting is missing
  kOrigin,     // a change that a page of another site asks for
  kToken,      // there is none, or another
  kRemote,     // no token is set, and the client is on another machine
  kSlow,       // the request was not complete in time, or the answer not read
  kCrowded,    // too many connections, or too much that nobody reads: this one made room
};
constexpr std::size_t kRefusals = 9;

constexpr const char* name_of(Refusal refusal) {
  constexpr std::array<const char*, kRefusals> kNames = {
      "malformed", "too_large", "method", "host", "origin", "token", "remote", "slow", "crowded"};
  return kNames[static_cast<std::size_t>(refusal)];
}

class RefusalCounts {
 public:
  void add(Refusal refusal) {
    counts_[static_cast<std::size_t>(refusal)].fetch_add(1, std::memory_order_relaxed);
  }
  std::uint64_t of(Refusal refusal) const {
    return counts_[static_cast<std::size_t>(refusal)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint64_t>, kRefusals> counts_{};
};

}  // namespace weir::admin
