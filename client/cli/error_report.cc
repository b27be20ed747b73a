// SPDX-License-Identifier: Apache-2.0
#include "client/cli/error_report.h"

#include <chrono>
#include <cstdio>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/cli/exit_code.h"
#include "client/cli/json.h"
#include "client/cli/text.h"
#include "google/rpc/status.pb.h"
#include "rpc/status.h"
#include "server/status/details.h"

namespace weir::cli {
namespace {

std::string reason_of(const absl::Status& error) {
  const auto info = status::detail_of<google::rpc::ErrorInfo>(error);
  return info && info->domain() == status::kDomain ? info->reason() : "";
}

std::string in_how_long(const absl::Status& error) {
  const auto info = status::detail_of<google::rpc::RetryInfo>(error);
  if (!info) return "";
  return absl::StrCat("try again in ",
                      absl::FormatDuration(absl::Seconds(info->retry_delay().seconds()) +
                                           absl::Nanoseconds(info->retry_delay().nanos())));
}

std::string hint_for(const absl::Status& error, const std::string& reason,
                     const Settings& settings) {
  if (reason == "USER_NOT_FOUND") return "`weir users list` shows who is there";
  if (reason == "ETAG_MISMATCH") return "`weir users get` shows the etag as it is now";
  switch (error.code()) {
    case absl::StatusCode::kUnavailable:
      // A server that answered has said why.
      if (!reason.empty()) return in_how_long(error);
      return absl::StrCat("is a server running at ", settings.address,
                          "? --address or WEIR_ADDRESS names another");
    case absl::StatusCode::kDeadlineExceeded:
      return absl::StrCat("there was no answer within ",
                          absl::FormatDuration(absl::FromChrono(settings.timeout)),
                          "; --timeout gives it longer");
    case absl::StatusCode::kResourceExhausted:
      return in_how_long(error);
    case absl::StatusCode::kUnimplemented:
      return absl::StrCat("is it a weir-server, and a recent one, at ", settings.address, "?");
    default:
      return "";
  }
}

}  // namespace

std::string explain(const absl::Status& error, const Settings& settings) {
  const std::string reason = reason_of(error);
  std::string text = absl::StrCat("weir: ", printable(error.message()), " (",
                                  absl::StatusCodeToString(error.code()),
                                  reason.empty() ? "" : ", ", printable(reason), ")\n");
  if (const auto bad = status::detail_of<google::rpc::BadRequest>(error)) {
    for (const auto& violation : bad->field_violations()) {
      absl::StrAppend(&text, "  ", printable(violation.field()), ": ",
                      printable(violation.description()), "\n");
    }
  }
  if (const auto quota = status::detail_of<google::rpc::QuotaFailure>(error)) {
    for (const auto& violation : quota->violations()) {
      absl::StrAppend(&text, "  ", printable(violation.subject()), ": ",
                      printable(violation.description()), "\n");
    }
  }
  const std::string hint = hint_for(error, reason, settings);
  if (!hint.empty()) absl::StrAppend(&text, "  hint: ", hint, "\n");
  return text;
}

std::string explain_as_json(const absl::Status& error) {
  google::rpc::Status rich;
  rich.ParseFromString(rpc::to_grpc(error).error_details());
  rich.set_code(static_cast<int>(error.code()));
  rich.set_message(std::string(error.message()));
  std::string json = as_json(rich);
  if (json.empty()) {
    rich.clear_details();
    json = as_json(rich);
  }
  return json;
}

int fail(const absl::Status& error, const Settings& settings) {
  const std::string text = settings.json ? explain_as_json(error) + "\n" : explain(error, settings);
  std::fflush(stdout);
  std::fputs(text.c_str(), stderr);
  return exit_code_of(error);
}

}  // namespace weir::cli
