// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/refusal.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/status/details.h"

namespace weir::rpc {
namespace {

using absl::StatusCode;

absl::Status unavailable(Refusal why, const char* reason, const char* message) {
  return status::Error(StatusCode::kUnavailable, reason, message).retry_after(pushback(why));
}

absl::Status late(const char* message) {
  return status::with_default_details(absl::DeadlineExceededError(message));
}

absl::Status make(Refusal why) {
  switch (why) {
    case Refusal::kOverloaded:
      return unavailable(why, "OVERLOADED",
                         "this server has too many calls in progress; try again later");
    case Refusal::kDraining:
      return unavailable(why, "DRAINING",
                         "this server is shutting down; try again, on another one");
    case Refusal::kLineFull:
    case Refusal::kLineSlow:
      return unavailable(why, "OVERLOADED",
                         "this server has as many calls of this method as it can do; try again "
                         "later");
    case Refusal::kShed:
      return unavailable(
          why, "OVERLOADED",
          "this server makes calls of low priority wait for others; try again later");
    case Refusal::kClientRate:
      return status::Error(StatusCode::kResourceExhausted, "CALL_RATE_EXCEEDED",
                           "this client makes more calls a second than it may; slow down")
          .quota("client", "calls per second")
          .retry_after(pushback(why));
    case Refusal::kClientCalls:
      return status::Error(StatusCode::kResourceExhausted, "CLIENT_CALLS_EXCEEDED",
                           "this client has more calls in progress than it may; end some first")
          .quota("client", "calls in progress")
          .retry_after(pushback(why));
    case Refusal::kClientBytes:
      return status::Error(StatusCode::kResourceExhausted, "CLIENT_BYTES_EXCEEDED",
                           "this client has more answers waiting for it than it may; read them")
          .quota("client", "bytes of answers")
          .retry_after(pushback(why));
    case Refusal::kLate:
      return late("the deadline had passed when the call arrived");
    case Refusal::kHopeless:
      return late("the deadline is nearer than the call would take");
    case Refusal::kMalformed:
    case Refusal::kUnauthorized:
    case Refusal::kTooLarge:
      break;  // their statuses are others'
  }
  return absl::InternalError("refused");
}

template <std::size_t... kWhy>
std::array<absl::Status, kRefusals> make_all(std::index_sequence<kWhy...>) {
  return {make(static_cast<Refusal>(kWhy))...};
}

}  // namespace

const absl::Status& refusal(Refusal why) {
  static const auto& statuses =
      *new std::array<absl::Status, kRefusals>(make_all(std::make_index_sequence<kRefusals>()));
  return statuses[static_cast<std::size_t>(why)];
}

const absl::Status& no_request() {
  static const auto& status = *new absl::Status(
      status::Error(StatusCode::kInvalidArgument, "MALFORMED_REQUEST",
                    "the call ended without its request; a call of this method has one"));
  return status;
}

absl::Status message_too_large(std::size_t max_bytes) {
  return status::Error(StatusCode::kResourceExhausted, "MESSAGE_TOO_LARGE",
                       absl::StrCat("the message has more than the ", max_bytes,
                                    " bytes that this server takes; send less at once"))
      .metadata("maxBytes", absl::StrCat(max_bytes));
}

Duration pushback(Refusal why) {
  switch (why) {
    case Refusal::kShed:
      return std::chrono::seconds(1);
    case Refusal::kOverloaded:
    case Refusal::kDraining:
    case Refusal::kClientRate:
    case Refusal::kClientCalls:
    case Refusal::kClientBytes:
    case Refusal::kLineFull:
    case Refusal::kLineSlow:
      return std::chrono::milliseconds(100);
    case Refusal::kLate:
    case Refusal::kHopeless:
    case Refusal::kMalformed:
    case Refusal::kUnauthorized:
    case Refusal::kTooLarge:
      break;
  }
  return Duration::zero();
}

}  // namespace weir::rpc
