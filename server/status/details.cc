// SPDX-License-Identifier: Apache-2.0
#include "server/status/details.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "google/protobuf/duration.pb.h"

namespace weir::status {

using std::chrono::duration_cast;
using std::chrono::nanoseconds;
using std::chrono::seconds;

std::optional<Duration> retry_after(const absl::Status& status) {
  const auto info = detail_of<google::rpc::RetryInfo>(status);
  if (!info) return std::nullopt;
  constexpr std::int64_t kDay = 24LL * 3600;  // sums of durations must not overflow
  return seconds(std::clamp<std::int64_t>(info->retry_delay().seconds(), 0, kDay)) +
         nanoseconds(std::clamp<std::int64_t>(info->retry_delay().nanos(), 0, 999'999'999));
}

Error::Error(absl::StatusCode code, absl::string_view reason, absl::string_view message)
    : status_(code, message) {
  info_.set_reason(std::string(reason));
  info_.set_domain(std::string(kDomain));
}

Error& Error::metadata(absl::string_view key, absl::string_view value) {
  (*info_.mutable_metadata())[std::string(key)] = std::string(value);
  return *this;
}

Error& Error::resource(absl::string_view type, absl::string_view name) {
  google::rpc::ResourceInfo resource;
  resource.set_resource_type(std::string(type));
  resource.set_resource_name(std::string(name));
  resource.set_description(std::string(status_.message()));
  set_detail(status_, resource);
  return *this;
}

Error& Error::retry_after(Duration delay) {
  google::rpc::RetryInfo retry;
  const auto whole = duration_cast<seconds>(delay);
  retry.mutable_retry_delay()->set_seconds(whole.count());
  retry.mutable_retry_delay()->set_nanos(
      static_cast<int>(duration_cast<nanoseconds>(delay - whole).count()));
  set_detail(status_, retry);
  return *this;
}

Error& Error::quota(absl::string_view subject, absl::string_view description) {
  auto& violation = *quota_.add_violations();
  violation.set_subject(std::string(subject));
  violation.set_description(std::string(description));
  return *this;
}

Error::operator absl::Status() const {
  absl::Status status = status_;
  set_detail(status, info_);
  if (quota_.violations_size() > 0) set_detail(status, quota_);
  return status;
}

BadRequest& BadRequest::add(absl::string_view field, absl::string_view description) {
  if (++count_ > kMaxListed) return *this;
  auto& violation = *violations_.add_field_violations();
  violation.set_field(std::string(field));
  violation.set_description(std::string(description));
  return *this;
}

BadRequest::operator absl::Status() const {
  if (ok()) return absl::OkStatus();
  const auto& first = violations_.field_violations(0);
  std::string message = absl::StrCat(first.field(), " ", first.description());
  if (count_ > 1) absl::StrAppend(&message, ", and ", count_ - 1, " more");
  absl::Status status = Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST", message)
                            .metadata("field", first.field())
                            .metadata("violations", absl::StrCat(count_));
  set_detail(status, violations_);
  return status;
}

absl::Status with_default_details(absl::Status status) {
  constexpr Duration kRetryAfter = std::chrono::milliseconds(100);
  if (status.ok() || status.GetPayload(type_url<google::rpc::ErrorInfo>())) return status;
  Error details(status.code(), absl::StatusCodeToString(status.code()), status.message());
  if (absl::IsUnavailable(status)) details.retry_after(kRetryAfter);
  const absl::Status added = details;
  added.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    if (!status.GetPayload(type)) status.SetPayload(type, payload);
  });
  return status;
}

}  // namespace weir::status
