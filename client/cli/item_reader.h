// SPDX-License-Identifier: Apache-2.0
#pragma once

// ItemReader: the items of a batch from a file or a pipe, as JSON lines (a BatchItem in the
// protobuf JSON mapping on each) or as CSV (RFC 4180) whose first row names the columns: op
// (create, the default; update, delete or get), item_id, id, name, email, password, etag,
// request_id. Which of the two it is shows in the first character: JSON begins with "{".
//
// An item without an item_id gets the number of its line. Blocks; one thread at a time.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/batches.h"
#include "client/cli/input.h"

namespace weir::cli {

class ItemReader {
 public:
  // "-": standard input.
  static absl::StatusOr<std::shared_ptr<ItemReader>> open(const std::string& path);

  // At least one, at most `most`, unless it is the end: then none. INVALID_ARGUMENT names the line.
  absl::StatusOr<std::vector<client::BatchItem>> next(std::size_t most);
  // Any thread: a `next` that waits ends, as at the end.
  void stop() { input_->stop(); }

 private:
  explicit ItemReader(std::unique_ptr<Input> input) : input_(std::move(input)) {}

  absl::StatusOr<std::optional<client::BatchItem>> next_json();
  absl::StatusOr<std::optional<client::BatchItem>> next_csv();
  // nullopt at the end.
  std::optional<std::string> read_line();
  absl::StatusOr<std::optional<std::vector<std::string>>> read_row();
  absl::Status wrong(const std::string& what) const;

  const std::unique_ptr<Input> input_;
  std::size_t line_ = 0;  // that the last item begins on
  std::size_t lines_ = 0;
  std::optional<bool> is_json_;
  std::vector<std::string> columns_;
};

}  // namespace weir::cli
