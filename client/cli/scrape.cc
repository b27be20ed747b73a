// SPDX-License-Identifier: Apache-2.0
#include "client/cli/scrape.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace weir::cli {
namespace {

// key="value",key="value": values of ours have neither quotes nor commas in them.
Scrape::Labels labels_of(absl::string_view text) {
  Scrape::Labels labels;
  for (const absl::string_view pair : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::size_t equals = pair.find("=\"");
    if (equals == absl::string_view::npos || pair.back() != '"') continue;
    labels.emplace(pair.substr(0, equals), pair.substr(equals + 2, pair.size() - equals - 3));
  }
  return labels;
}

double bound_of(const Scrape::Row& row) {
  double bound = 0;
  const auto le = row.labels.find("le");
  if (le == row.labels.end() || !absl::SimpleAtod(le->second, &bound)) {
    return std::numeric_limits<double>::infinity();
  }
  return bound;
}

}  // namespace

Scrape::Scrape(absl::string_view text) {
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::size_t space = line.rfind(' ');
    if (space == absl::string_view::npos || line[0] == '#') continue;
    Row row;
    if (!absl::SimpleAtod(line.substr(space + 1), &row.value)) continue;
    absl::string_view name = line.substr(0, space);
    if (const std::size_t brace = name.find('{'); brace != absl::string_view::npos) {
      row.labels = labels_of(name.substr(brace + 1, name.size() - brace - 2));
      name = name.substr(0, brace);
    }
    rows_[std::string(name)].push_back(std::move(row));
  }
}

const std::vector<Scrape::Row>& Scrape::rows(const std::string& name) const {
  static const std::vector<Row> kNone;
  const auto found = rows_.find(name);
  return found == rows_.end() ? kNone : found->second;
}

double Scrape::sum(const std::string& name, const Labels& labels) const {
  double total = 0;
  for (const Row& row : rows(name)) {
    const bool has_all = std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
      const auto found = row.labels.find(label.first);
      return found != row.labels.end() && found->second == label.second;
    });
    if (has_all) total += row.value;
  }
  return total;
}

Change::Change(const Scrape& before, const Scrape& now, Duration between)
    : before_(before), now_(now), seconds_(std::chrono::duration<double>(between).count()) {}

double Change::rate(const std::string& name, const Scrape::Labels& labels) const {
  return std::max(0.0, now_.sum(name, labels) - before_.sum(name, labels)) / seconds_;
}

double Change::quantile(double q, const std::string& name) const {
  std::map<double, double> counts;  // by upper bound
  for (const Scrape::Row& row : now_.rows(name + "_bucket")) counts[bound_of(row)] += row.value;
  for (const Scrape::Row& row : before_.rows(name + "_bucket")) counts[bound_of(row)] -= row.value;
  const double total = counts.empty() ? 0 : counts.rbegin()->second;
  double low = 0;
  double below = 0;
  for (const auto& [bound, count] : counts) {
    if (total > 0 && count >= q * total) {
      if (bound == std::numeric_limits<double>::infinity()) return low;
      return low + (bound - low) * (q * total - below) / std::max(count - below, 1.0);
    }
    low = bound;
    below = count;
  }
  return 0;
}

}  // namespace weir::cli
