// SPDX-License-Identifier: Apache-2.0
#pragma once

// Error and BadRequest: statuses with machine-readable details, as AIP-193 asks of every error.
//
//     return status::Error(absl::StatusCode::kNotFound, "USER_NOT_FOUND", "user 42 does not exist")
//         .metadata("id", "42")
//         .resource("weir.users.v1.User", "users/42");
//
// The details are payloads of the absl::Status, keyed by type URL, each the serialized google.rpc
// message: code below the rpc layer passes them on without knowing them, and the rpc layer alone
// turns them into a google.rpc.Status (grpc-status-details-bin).
//
// Trap: everything here is read by clients. No SQL, host name or secret goes into it, and what a
// client sent only if it is known to be short: trailers share a budget of 8 KiB.

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "async/time.h"
#include "google/rpc/error_details.pb.h"

namespace weir::status {

// The domain of every reason (google.rpc.ErrorInfo.domain).
inline constexpr absl::string_view kDomain = "weir.dev";

// "type.googleapis.com/google.rpc.RetryInfo" and so on.
template <class Detail>
std::string type_url() {
  return absl::StrCat("type.googleapis.com/", Detail::descriptor()->full_name());
}

// The detail of that type in `status`, if it has one.
template <class Detail>
std::optional<Detail> detail_of(const absl::Status& status) {
  const auto payload = status.GetPayload(type_url<Detail>());
  Detail detail;
  if (!payload || !detail.ParseFromString(std::string(*payload))) return std::nullopt;
  return detail;
}

// Adds a detail, in place of one of the same type: there is at most one of each.
template <class Detail>
void set_detail(absl::Status& status, const Detail& detail) {
  // Through a view: clang does not find the Cord(std::string&&) that Debian's g++ compiled.
  const std::string bytes = detail.SerializeAsString();
  status.SetPayload(type_url<Detail>(), absl::Cord(absl::string_view(bytes)));
}

// How long its RetryInfo asks to wait, a day at most; nullopt if it has none.
std::optional<Duration> retry_after(const absl::Status& status);

// An error under construction; converts to absl::Status, and so to StatusOr.
class Error {
 public:
  // `reason` is UPPER_SNAKE_CASE, at most 63 characters, and part of the contract: clients switch
  // on it. `message` is for the developer who reads it, may change, and is complete: what is wrong,
  // and what to do about it.
  Error(absl::StatusCode code, absl::string_view reason, absl::string_view message);

  // ErrorInfo.metadata: every variable part of the message, under a lowerCamelCase key.
  Error& metadata(absl::string_view key, absl::string_view value);
  // ResourceInfo: for NOT_FOUND and ALREADY_EXISTS.
  Error& resource(absl::string_view type, absl::string_view name);
  // RetryInfo: the same request may succeed after this time.
  Error& retry_after(Duration delay);
  // QuotaFailure: whose quota was exceeded, and which. May be called for several.
  Error& quota(absl::string_view subject, absl::string_view description);

  operator absl::Status() const;

 private:
  absl::Status status_;
  google::rpc::ErrorInfo info_;
  google::rpc::QuotaFailure quota_;
};

// What is wrong with a request, field by field; collects all of it before answering.
//
//     BadRequest bad;
//     if (request.id() <= 0) bad.add("id", "must be positive");
//     if (!bad.ok()) return bad;
class BadRequest {
 public:
  // More violations than this are counted, not listed: see the budget above.
  static constexpr std::size_t kMaxListed = 20;

  // `field` is the path from the request, as in "user.email" or "ids[3]".
  BadRequest& add(absl::string_view field, absl::string_view description);

  bool ok() const { return count_ == 0; }
  // INVALID_ARGUMENT with ErrorInfo and BadRequest; OK if nothing was added.
  operator absl::Status() const;

 private:
  std::size_t count_ = 0;
  google::rpc::BadRequest violations_;
};

// What every error must have, where it lacks it: an ErrorInfo whose reason is the code's name, and
// RetryInfo if it is UNAVAILABLE. For statuses that come from below those who know the domain.
absl::Status with_default_details(absl::Status status);

}  // namespace weir::status
