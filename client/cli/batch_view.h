// SPDX-License-Identifier: Apache-2.0
#pragma once

// Batches as a person wants to see them, and how far they are.

#include <cstdint>
#include <string>

#include "client/batches.h"

namespace weir::cli {

// A line for each field.
std::string batch_details(const client::Batch& batch);

// A line for each result, under headings.
std::string result_table(const batch::v1::ListBatchResultsResponse& results);
// One result, on one line.
std::string result_line(const client::BatchResult& result);

// Progress on standard error: a bar that is drawn over on a terminal, a line a second off it.
class Progress {
 public:
  Progress();
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `total` 0: not known.
  void show(std::int64_t done, std::int64_t failed, std::int64_t total);

 private:
  void draw();

  const bool is_terminal_;
  std::int64_t done_ = 0;
  std::int64_t failed_ = 0;
  std::int64_t total_ = 0;
  bool is_drawn_ = true;
  std::int64_t drawn_at_ms_ = 0;
};

}  // namespace weir::cli
