// SPDX-License-Identifier: Apache-2.0
#include "server/users/passwords.h"

#include <argon2.h>
#include <openssl/rand.h>

#include <chrono>
#include <stdexcept>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "async/or_return.h"
#include "server/status/details.h"
#include "telemetry/in_span.h"

namespace weir::users {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr Duration kRetryAfter = std::chrono::milliseconds(500);

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    throw std::runtime_error("the system gives no random bytes");
  }
  return bytes;
}

// Base64 as PHC strings have it: without padding.
std::string phc_base64(const std::string& bytes) {
  std::string text = absl::Base64Escape(bytes);
  text.resize(text.find_last_not_of('=') + 1);
  return text;
}

// On the pool's thread.
absl::StatusOr<std::string> hash_now(const Argon2Cost& cost, const std::string& password) {
  const std::string salt = random_bytes(kSaltBytes);
  std::string encoded(argon2_encodedlen(cost.iterations, cost.memory_kib, cost.lanes, kSaltBytes,
                                        kHashBytes, Argon2_id),
                      '\0');
  const int error = argon2id_hash_encoded(cost.iterations, cost.memory_kib, cost.lanes,
                                          password.data(), password.size(), salt.data(),
                                          salt.size(), kHashBytes, encoded.data(), encoded.size());
  if (error != ARGON2_OK) {
    return absl::InternalError(absl::StrCat("Argon2: ", argon2_error_message(error)));
  }
  encoded.resize(encoded.find('\0'));
  return encoded;
}

// On the pool's thread.
absl::StatusOr<bool> matches_now(const std::string& password, const std::string& hash) {
  const int error = argon2id_verify(hash.c_str(), password.data(), password.size());
  if (error == ARGON2_OK) return true;
  if (error == ARGON2_VERIFY_MISMATCH) return false;
  return absl::InternalError(absl::StrCat("Argon2: ", argon2_error_message(error)));
}

// The pool says UNAVAILABLE when its queue is full; here it gets its details.
absl::Status with_details(const absl::Status& status) {
  if (!absl::IsUnavailable(status)) return status;
  return status::Error(absl::StatusCode::kUnavailable, "PASSWORD_WORK_OVERLOADED",
                       "too many passwords are being hashed; try again shortly")
      .retry_after(kRetryAfter);
}

}  // namespace

Passwords::Passwords(BlockingPool& pool, Argon2Cost cost)
    : pool_(pool),
      cost_(cost),
      prefix_(absl::StrCat("$argon2id$v=19$m=", cost.memory_kib, ",t=", cost.iterations,
                           ",p=", cost.lanes, "$")),
      dummy_(absl::StrCat(prefix_, phc_base64(random_bytes(kSaltBytes)), "$",
                          phc_base64(random_bytes(kHashBytes)))) {
  const absl::StatusOr<bool> works = matches_now("", dummy_);
  if (!works.ok()) throw std::invalid_argument(std::string(works.status().message()));
}

Task<absl::StatusOr<std::string>> Passwords::hash(std::string password) {
  auto hashing = [cost = cost_, password = std::move(password)] {
    return hash_now(cost, password);
  };
  auto work = in_span(co_await this_context(), "argon2", std::move(hashing));
  absl::StatusOr<std::string> hash = co_await spawn_blocking(pool_, std::move(work));
  if (!hash.ok()) co_return with_details(hash.status());
  co_return hash;
}

Task<absl::StatusOr<Passwords::Verdict>> Passwords::verify(std::string password, std::string hash) {
  const bool is_dummy = hash.empty();
  const bool is_current = absl::StartsWith(hash, prefix_);
  auto verifying = [password = std::move(password), hash = is_dummy ? dummy_ : std::move(hash)] {
    return matches_now(password, hash);
  };
  auto work = in_span(co_await this_context(), "argon2", std::move(verifying));
  absl::StatusOr<bool> matches = co_await spawn_blocking(pool_, std::move(work));
  if (!matches.ok()) co_return with_details(matches.status());
  Verdict verdict;
  verdict.matches = *matches && !is_dummy;
  verdict.outdated = verdict.matches && !is_current;
  co_return verdict;
}

}  // namespace weir::users
