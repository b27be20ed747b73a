// SPDX-License-Identifier: Apache-2.0
#pragma once

// Passwords: Argon2id hashes as PHC strings ("$argon2id$v=19$m=19456,t=2,p=1$salt$hash"), made and
// verified on a blocking pool of their own: each takes tens of milliseconds and megabytes of
// memory, so the size of the pool bounds both, and its queue bounds who may wait.
//
// UNAVAILABLE with RetryInfo when the queue is full. Thread: any; the pool must outlive this.

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "async/blocking_pool.h"
#include "async/task.h"

namespace weir::users {

// The defaults are OWASP's (Password Storage Cheat Sheet: m=19 MiB, t=2, p=1).
struct Argon2Cost {
  std::uint32_t memory_kib = 19 * 1024;
  std::uint32_t iterations = 2;
  std::uint32_t lanes = 1;
};

class Passwords {
 public:
  // Throws if Argon2 does not know such a cost.
  explicit Passwords(BlockingPool& pool, Argon2Cost cost = Argon2Cost());

  struct Verdict {
    bool matches = false;
    // It matches, but was made at another cost than today's: hash the password again.
    bool outdated = false;
  };

  Task<absl::StatusOr<std::string>> hash(std::string password);

  // With an empty `hash`, for a user who does not exist or has no password, the work is the same
  // and nothing matches: the time says nothing about the user. (A hash of another cost takes
  // another time, until its owner has logged in once.)
  Task<absl::StatusOr<Verdict>> verify(std::string password, std::string hash);

 private:
  BlockingPool& pool_;
  const Argon2Cost cost_;
  const std::string prefix_;  // of every hash of today's cost
  const std::string dummy_;   // well-formed, and the hash of nothing
};

}  // namespace weir::users
