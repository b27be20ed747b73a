// SPDX-License-Identifier: Apache-2.0
#include "client/cli/batch_view.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/local_time.h"
#include "client/cli/table.h"
#include "client/cli/text.h"

namespace weir::cli {
namespace {

std::string code_of(const client::BatchResult& result) {
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(result.status().code()));
}

std::string outcome_of(const client::BatchResult& result) {
  if (result.status().code() != 0) return result.status().message();
  return result.has_user() ? absl::StrCat("user ", result.user().id()) : "";
}

}  // namespace

std::string batch_details(const client::Batch& batch) {
  std::string text = absl::StrCat("name       ", printable(batch.name()), "\n",                   //
                                  "state      ", client::Batch::State_Name(batch.state()), "\n",  //
                                  "total      ", batch.total(), "\n",                             //
                                  "succeeded  ", batch.succeeded(), "\n",                         //
                                  "failed     ", batch.failed(), "\n",                            //
                                  "created    ", local_time_and_zone(batch.create_time()), "\n");
  if (batch.has_end_time()) {
    absl::StrAppend(&text, "ended      ", local_time_and_zone(batch.end_time()), "\n");
  }
  return text;
}

std::string result_table(const batch::v1::ListBatchResultsResponse& results) {
  Table table({{"ITEM"}, {"CODE"}, {"OUTCOME"}});
  for (const client::BatchResult& result : results.results()) {
    table.add({result.item_id(), code_of(result), outcome_of(result)});
  }
  return table.render();
}

std::string result_line(const client::BatchResult& result) {
  return absl::StrCat(printable(result.item_id()), "  ", code_of(result), "  ",
                      printable(outcome_of(result)), "\n");
}

Progress::Progress() : is_terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (!is_drawn_) draw();
  if (is_terminal_ && drawn_at_ms_ > 0) std::fputs("\n", stderr);
}

void Progress::show(std::int64_t done, std::int64_t failed, std::int64_t total) {
  done_ = done;
  failed_ = failed;
  total_ = total;
  is_drawn_ = false;
  const std::int64_t interval = is_terminal_ ? 50 : 1000;
  if (absl::ToUnixMillis(absl::Now()) - drawn_at_ms_ >= interval) draw();
}

void Progress::draw() {
  drawn_at_ms_ = absl::ToUnixMillis(absl::Now());
  is_drawn_ = true;
  std::string line = absl::StrCat(done_);
  if (total_ > 0) absl::StrAppend(&line, " of ", total_);
  absl::StrAppend(&line, " done");
  if (failed_ > 0) absl::StrAppend(&line, ", ", failed_, " failed");
  if (!is_terminal_) {
    std::fputs((line + "\n").c_str(), stderr);
    return;
  }
  constexpr std::int64_t kWidth = 30;
  if (total_ > 0) {
    const auto filled = static_cast<std::size_t>(std::min(kWidth, done_ * kWidth / total_));
    line =
        absl::StrCat("[", std::string(filled, '#'), std::string(kWidth - filled, ' '), "] ", line);
  }
  std::fputs(absl::StrCat("\r", line, "\x1b[K").c_str(), stderr);
}

}  // namespace weir::cli
