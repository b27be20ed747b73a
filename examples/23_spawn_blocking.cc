// SPDX-License-Identifier: Apache-2.0
// What computes for long, or blocks, goes to threads that may. Argon2, compression, a library
// that knows no other way. Tokio: task::spawn_blocking.
#include <cstdint>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "async/blocking_pool.h"
#include "async/or_return.h"
#include "async/timeout.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

// Slow on purpose, as a password's hash must be.
std::uint64_t slow_hash(const std::string& password) {
  std::uint64_t hash = 14695981039346656037U;
  for (int round = 0; round < 10000; ++round) {
    for (const char c : password) hash = (hash ^ static_cast<std::uint8_t>(c)) * 1099511628211U;
  }
  return hash;
}

// [blocking]
Task<absl::StatusOr<std::uint64_t>> hash_password(BlockingPool& pool, std::string password) {
  if (password.empty()) co_return absl::InvalidArgumentError("a password is needed");
  // The function owns what it uses: if we are told to stop it runs on, and its result is dropped.
  auto job = [password = std::move(password)] { return slow_hash(password); };
  co_return co_await spawn_blocking(pool, std::move(job));
}
// [blocking]

}  // namespace

Task<void> example_23_spawn_blocking(std::ostream& out) {
  // Two threads, and no more than a hundred jobs that wait: the next is UNAVAILABLE, at once.
  BlockingPool pool("hashing", 2, 100);
  const absl::StatusOr<std::uint64_t> hash = co_await hash_password(pool, "correct horse");
  out << "hashed: " << (hash.value() == slow_hash("correct horse")) << "\n";
  out << (co_await hash_password(pool, "")).status() << "\n";

  BlockingPool none("full", 0, 0);
  out << absl::StatusCodeToString((co_await hash_password(none, "battery")).status().code())
      << "\n";
}

}  // namespace weir::examples

// Output:
// hashed: 1
// INVALID_ARGUMENT: a password is needed
// UNAVAILABLE
