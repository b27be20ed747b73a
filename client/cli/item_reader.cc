// SPDX-License-Identifier: Apache-2.0
#include "client/cli/item_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

namespace weir::cli {
namespace {

using client::BatchItem;

constexpr const char* kColumns[] = {"op",    "item_id",  "id",   "name",
                                    "email", "password", "etag", "request_id"};

// The cell of that column, or "".
class Cells {
 public:
  Cells(const std::vector<std::string>& columns, const std::vector<std::string>& row)
      : columns_(columns), row_(row) {}
  std::string operator[](const char* column) const {
    const auto found = std::find(columns_.begin(), columns_.end(), column);
    const auto at = static_cast<std::size_t>(found - columns_.begin());
    return at < row_.size() ? row_[at] : "";
  }

 private:
  const std::vector<std::string>& columns_;
  const std::vector<std::string>& row_;
};

// What is wrong, or "".
std::string fill(const Cells& cells, BatchItem& item) {
  const std::string op = cells["op"].empty() ? "create" : cells["op"];
  item.set_item_id(cells["item_id"]);
  std::int64_t id = 0;
  if (op != "create" && !absl::SimpleAtoi(cells["id"], &id)) return "id must be a number";
  if (op == "create") {
    item.mutable_create()->set_name(cells["name"]);
    item.mutable_create()->set_email(cells["email"]);
    item.mutable_create()->set_password(cells["password"]);
    item.mutable_create()->set_request_id(cells["request_id"]);
  } else if (op == "update") {
    item.mutable_update()->mutable_user()->set_id(id);
    item.mutable_update()->mutable_user()->set_name(cells["name"]);
    item.mutable_update()->mutable_user()->set_email(cells["email"]);
    item.mutable_update()->mutable_user()->set_etag(cells["etag"]);
  } else if (op == "delete") {
    item.mutable_delete_()->set_id(id);
    item.mutable_delete_()->set_etag(cells["etag"]);
  } else if (op == "get") {
    item.mutable_get()->set_id(id);
  } else {
    return "op must be create, update, delete or get";
  }
  return "";
}

}  // namespace

absl::StatusOr<std::shared_ptr<ItemReader>> ItemReader::open(const std::string& path) {
  absl::StatusOr<std::unique_ptr<Input>> input = Input::open(path);
  if (!input.ok()) return input.status();
  return std::shared_ptr<ItemReader>(new ItemReader(*std::move(input)));
}

absl::StatusOr<std::vector<BatchItem>> ItemReader::next(std::size_t most) {
  std::vector<BatchItem> items;
  if (!is_json_) {
    int first = input_->get();
    while (first == '\n' || first == ' ') {
      lines_ += first == '\n' ? 1 : 0;
      first = input_->get();
    }
    if (absl::Status read = input_->status(); !read.ok()) return read;
    if (first == Input::kEnd) return items;
    input_->unget();
    is_json_ = first == '{';
  }
  while (items.size() < most) {
    auto item = *is_json_ ? next_json() : next_csv();
    // What it makes of half a line is no item.
    if (absl::Status read = input_->status(); !read.ok()) return read;
    if (!item.ok()) return item.status();
    if (!item->has_value()) break;
    if ((*item)->item_id().empty()) (*item)->set_item_id(absl::StrCat(line_));
    items.push_back(**std::move(item));
  }
  return items;
}

absl::Status ItemReader::wrong(const std::string& what) const {
  return absl::InvalidArgumentError(absl::StrCat("line ", line_, ": ", what));
}

std::optional<std::string> ItemReader::read_line() {
  std::string line;
  int c = input_->get();
  if (c == Input::kEnd) return std::nullopt;
  for (; c != Input::kEnd && c != '\n'; c = input_->get()) line.push_back(static_cast<char>(c));
  line_ = ++lines_;
  return line;
}

absl::StatusOr<std::optional<BatchItem>> ItemReader::next_json() {
  while (std::optional<std::string> line = read_line()) {
    if (absl::StripAsciiWhitespace(*line).empty()) continue;
    BatchItem item;
    const auto parsed = google::protobuf::util::JsonStringToMessage(*line, &item);
    if (!parsed.ok()) return wrong(std::string(parsed.message()));
    return std::optional<BatchItem>(std::move(item));
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<BatchItem>> ItemReader::next_csv() {
  if (columns_.empty()) {
    auto header = read_row();
    if (!header.ok()) return header.status();
    if (!header->has_value()) return std::nullopt;
    columns_ = **std::move(header);
    for (const std::string& column : columns_) {
      if (std::find(std::begin(kColumns), std::end(kColumns), column) == std::end(kColumns)) {
        return wrong(absl::StrCat("there is no column \"", column, "\""));
      }
    }
  }
  auto row = read_row();
  if (!row.ok()) return row.status();
  if (!row->has_value()) return std::nullopt;
  if ((*row)->size() > columns_.size()) return wrong("more cells than columns");
  BatchItem item;
  const std::string fault = fill(Cells(columns_, **row), item);
  if (!fault.empty()) return wrong(fault);
  return std::optional<BatchItem>(std::move(item));
}

absl::StatusOr<std::optional<std::vector<std::string>>> ItemReader::read_row() {
  std::vector<std::string> row(1);
  bool is_quoted = false;
  bool is_empty = true;
  line_ = lines_ + 1;
  for (;;) {
    int c = input_->get();
    if (c == Input::kEnd) {
      if (is_quoted) return wrong("a quote is not closed");
      if (is_empty) return std::nullopt;
      return std::optional(std::move(row));
    }
    if (c == '\n') ++lines_;
    if (is_quoted) {
      if (c != '"') {
        row.back().push_back(static_cast<char>(c));
        continue;
      }
      c = input_->get();
      if (c == '"') {
        row.back().push_back('"');
      } else {
        is_quoted = false;
        if (c != Input::kEnd) input_->unget();
      }
    } else if (c == '"' && row.back().empty()) {
      is_quoted = true;
      is_empty = false;
    } else if (c == ',') {
      row.emplace_back();
      is_empty = false;
    } else if (c == '\n') {
      if (!is_empty) return std::optional(std::move(row));
      line_ = lines_ + 1;  // an empty line
    } else if (c != '\r') {
      row.back().push_back(static_cast<char>(c));
      is_empty = false;
    }
  }
}

}  // namespace weir::cli
