// SPDX-License-Identifier: Apache-2.0
#include "client/cli/load.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "async/join.h"
#include "async/sleep.h"
#include "client/cli/text.h"

namespace weir::cli {
namespace {

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}
double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

struct Quantile {
  const char* name;
  double share;
};
constexpr Quantile kQuantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};

}  // namespace

Load::Load(LoadOptions options, std::vector<client::Users*> users)
    : options_(options), users_(std::move(users)) {}

// Takes the next turn and waits until it is due. False when the time is over.
Task<bool> Load::wait_for_turn(TimePoint& due) {
  const Context& context = co_await this_context();
  const TimePoint now = context.loop().now();
  const TimePoint end = start_ + options_.duration;
  due = now;
  if (options_.rate > 0) {
    const double offset = static_cast<double>(turns_++) / options_.rate;
    // Of a tiny rate it may be more than a Duration can hold.
    if (offset >= seconds(options_.duration)) co_return false;
    due = start_ + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(offset));
  }
  if (due >= end || context.is_cancelled()) co_return false;
  if (due <= now) co_return true;  // late already: measured from when it was due
  const absl::Status slept = co_await sleep_until(due);
  due = context.loop().now();  // the timer's lateness is not the server's
  co_return slept.ok();
}

Task<void> Load::worker(client::Users& users) {
  const Context& context = co_await this_context();
  std::uniform_int_distribution<std::int64_t> ids(options_.first_id, options_.last_id);
  TimePoint due;
  while (co_await wait_for_turn(due)) {
    const std::int64_t id = ids(random_);
    const absl::StatusOr<client::User> user = co_await users.get(id);
    if (context.is_cancelled()) co_return;
    const Duration latency = context.loop().now() - due;
    if (user.ok() && user->id() != id) {
      count(absl::DataLossError("the answer was another user"), latency);
    } else {
      count(user.status(), latency);
    }
  }
}

void Load::count(const absl::Status& status, Duration latency) {
  report_.latencies.add(latency);
  if (status.ok()) {
    ++report_.ok;
    return;
  }
  LoadReport::Errors& errors = report_.errors[status.code()];
  if (errors.count++ == 0) errors.first = std::string(status.message());
}

Task<LoadReport> Load::run() {
  const Context& context = co_await this_context();
  start_ = context.loop().now();
  std::vector<Task<void>> workers;
  for (int i = 0; i < options_.concurrency; ++i) {
    workers.push_back(worker(*users_[static_cast<std::size_t>(i) % users_.size()]));
  }
  co_await join_all(std::move(workers));
  report_.elapsed = context.loop().now() - start_;
  co_return std::move(report_);
}

std::uint64_t LoadReport::failed() const { return latencies.count() - ok; }

std::string LoadReport::text() const {
  const double rate =
      elapsed > Duration::zero() ? static_cast<double>(latencies.count()) / seconds(elapsed) : 0;
  std::string text = absl::StrFormat("calls    %d in %.1f s, %.0f per second\nok       %d\n",
                                     latencies.count(), seconds(elapsed), rate, ok);
  absl::StrAppend(&text, "failed   ", failed(), "\n");
  for (const auto& [code, of_code] : errors) {
    absl::StrAppend(&text, "  ", absl::StatusCodeToString(code), "  ", of_code.count,
                    "  first: ", printable(of_code.first), "\n");
  }
  absl::StrAppend(&text, "latency");
  for (const Quantile& quantile : kQuantiles) {
    absl::StrAppendFormat(&text, "  %s %.2f ms", quantile.name,
                          milliseconds(latencies.at(quantile.share)));
  }
  absl::StrAppendFormat(&text, "  max %.2f ms\n", milliseconds(latencies.max()));
  return text;
}

std::string LoadReport::json() const {
  std::vector<std::string> by_code;
  for (const auto& [code, of_code] : errors) {
    by_code.push_back(absl::StrFormat("\"%s\":%d", absl::StatusCodeToString(code), of_code.count));
  }
  std::vector<std::string> latency;
  for (const Quantile& quantile : kQuantiles) {
    latency.push_back(
        absl::StrFormat("\"%s\":%.3f", quantile.name, milliseconds(latencies.at(quantile.share))));
  }
  latency.push_back(absl::StrFormat("\"max\":%.3f", milliseconds(latencies.max())));
  return absl::StrFormat(
      R"({"calls":%d,"ok":%d,"failed":%d,"errors":{%s},"seconds":%.3f,"latency_ms":{%s}})",
      latencies.count(), ok, failed(), absl::StrJoin(by_code, ","), seconds(elapsed),
      absl::StrJoin(latency, ","));
}

}  // namespace weir::cli
