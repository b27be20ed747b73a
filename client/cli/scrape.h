// SPDX-License-Identifier: Apache-2.0
#pragma once

// Scrape: what a server's /metrics said, to be asked by name; Change: what happened between two of
// them, by the second.

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "async/time.h"

namespace weir::cli {

class Scrape {
 public:
  struct Row {
    std::map<std::string, std::string> labels;
    double value = 0;
  };
  using Labels = std::map<std::string, std::string>;

  // Prometheus' text format; what is not a row of it is passed over.
  explicit Scrape(absl::string_view text);

  const std::vector<Row>& rows(const std::string& name) const;
  // Of the rows that have these labels, and maybe others.
  double sum(const std::string& name, const Labels& labels = {}) const;

 private:
  std::map<std::string, std::vector<Row>> rows_;  // by name
};

class Change {
 public:
  // Both must outlive it.
  Change(const Scrape& before, const Scrape& now, Duration between);

  const Scrape& now() const { return now_; }
  // Of a counter, a second.
  double rate(const std::string& name, const Scrape::Labels& labels = {}) const;
  // Of a histogram; 0 if nothing happened.
  double quantile(double q, const std::string& name) const;

 private:
  const Scrape& before_;
  const Scrape& now_;
  const double seconds_;
};

}  // namespace weir::cli
