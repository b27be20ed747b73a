// SPDX-License-Identifier: Apache-2.0
#pragma once

// Workload: which method is called, with what, and what a right answer looks like. Each request
// asks for other ids, and every answer is looked at: a server that answers fast and wrongly, or
// always the same, measures as wrong.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bench/gload/call.h"

namespace weir::gload {

class Workload {
 public:
  // health, get, batch_get, create or dashboard; else nothing. Ids are from 1 to `ids`.
  static std::optional<Workload> named(std::string_view name, std::int64_t ids, std::uint64_t seed);

  const std::string& path() const { return path_; }
  void make_request(Call& call);
  bool is_right(const Call& call) const;

 private:
  enum class Kind { kHealth, kGet, kBatchGet, kCreate, kDashboard, kVerify };

  Workload(Kind kind, std::string path, std::int64_t ids, std::uint64_t seed);
  std::uint64_t random();
  std::int64_t random_id();

  Kind kind_;
  std::string path_;
  std::int64_t ids_;
  std::uint64_t random_state_;
  std::string email_prefix_;
  std::uint64_t emails_ = 0;
  std::string message_;
  std::string packed_;
};

}  // namespace weir::gload
