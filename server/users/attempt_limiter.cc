// SPDX-License-Identifier: Apache-2.0
#include "server/users/attempt_limiter.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/status/details.h"

namespace weir::users {
namespace {

using std::chrono::microseconds;

// Redis's own clock, so that replicas need not agree on the time. Microseconds since 1970 fit a Lua
// number exactly; %.0f writes them without an exponent.
constexpr const char* kTryOnce = R"(
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + interval
local wait = full_at - window - now
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
return 0
)";

std::int64_t in_microseconds(Duration duration) {
  return std::chrono::duration_cast<microseconds>(duration).count();
}

std::uint64_t short_name(const api::KeyedHash::Digest& digest) {
  std::uint64_t name = 0;
  std::memcpy(&name, digest.data(), sizeof name);
  return name;
}

absl::Status too_many(const AttemptLimit& limit, Duration wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(limit.window).count();
  return status::Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_PASSWORD_ATTEMPTS",
                       "too many passwords were tried for this e-mail address; wait before the "
                       "next attempt")
      .metadata("attempts", absl::StrCat(limit.attempts))
      .metadata("windowSeconds", absl::StrCat(seconds))
      .quota("email", absl::StrCat("at most ", limit.attempts, " attempts per ", seconds,
                                   " s for one e-mail address"))
      .retry_after(wait);
}

}  // namespace

Duration LocalAttempts::try_once(std::uint64_t subject, TimePoint now) {
  std::lock_guard lock(mutex_);
  auto known = full_at_.find(subject);
  if (known == full_at_.end()) {
    if (full_at_.size() >= max_tracked_) make_room(now);
    known = full_at_.emplace(subject, now).first;
  }
  const TimePoint full_at = std::max(known->second, now) + limit_.interval();
  const Duration wait = full_at - limit_.window - now;
  if (wait > Duration::zero()) return wait;
  known->second = full_at;
  return Duration::zero();
}

std::size_t LocalAttempts::tracked() const {
  std::lock_guard lock(mutex_);
  return full_at_.size();
}

// Whose bucket is full is as good as unknown; if that is nobody, anybody goes. All are looked at no
// more than once an interval, or a flood of new subjects would cost a pass over the map each.
void LocalAttempts::make_room(TimePoint now) {
  if (now >= next_sweep_) {
    absl::erase_if(full_at_, [now](const auto& entry) { return entry.second <= now; });
    next_sweep_ = now + limit_.interval();
  }
  if (full_at_.size() >= max_tracked_) full_at_.erase(full_at_.begin());
}

AttemptLimiter::AttemptLimiter(redis::Client* redis, absl::string_view secret, AttemptLimit limit)
    : redis_(redis),
      hash_(secret, "weir/password-attempts/1"),
      limit_(limit),
      script_(kTryOnce),
      local_(limit) {}

Task<absl::Status> AttemptLimiter::admit(absl::string_view email) {
  const api::KeyedHash::Digest subject = hash_.of(email);
  const Context& context = co_await this_context();
  Duration wait = Duration::zero();
  absl::StatusOr<Duration> answer = co_await ask_redis(subject);
  if (answer.ok()) {
    wait = *answer;
  } else if (!context.status().ok()) {
    co_return context.status();  // it is not Redis that failed
  } else {
    wait = local_.try_once(short_name(subject), context.loop().now());
  }
  if (wait > Duration::zero()) co_return too_many(limit_, wait);
  co_return absl::OkStatus();
}

Task<absl::StatusOr<Duration>> AttemptLimiter::ask_redis(api::KeyedHash::Digest subject) {
  if (redis_ == nullptr) co_return absl::UnavailableError("there is no Redis");
  const absl::string_view bytes(reinterpret_cast<const char*>(subject.data()), subject.size());
  std::vector<std::string> keys;
  keys.push_back(absl::StrCat("weir:attempts:", absl::BytesToHexString(bytes.substr(0, 16))));
  std::vector<std::string> arguments;
  arguments.push_back(absl::StrCat(in_microseconds(limit_.interval())));
  arguments.push_back(absl::StrCat(in_microseconds(limit_.window)));
  absl::StatusOr<redis::Reply> reply =
      co_await redis_->eval(script_, std::move(keys), std::move(arguments));
  if (!reply.ok()) co_return reply.status();
  const absl::StatusOr<std::int64_t> wait = redis::to_integer(*reply);
  if (!wait.ok()) co_return wait.status();
  co_return microseconds(*wait);
}

}  // namespace weir::users
