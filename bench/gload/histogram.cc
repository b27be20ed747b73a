// SPDX-License-Identifier: Apache-2.0
#include "bench/gload/histogram.h"

#include <algorithm>
#include <bit>

namespace weir::gload {
namespace {

constexpr int kStepBits = 8;
constexpr std::uint64_t kSteps = 1U << kStepBits;
constexpr int kPowers = 40 - kStepBits + 1;  // up to 2^40 µs, twelve days

std::size_t step_of(std::uint64_t value) {
  if (value < kSteps) return value;
  const int power = std::bit_width(value) - 1;
  const std::uint64_t group = static_cast<std::uint64_t>(power - kStepBits + 1);
  return (group << kStepBits) + ((value >> (power - kStepBits)) & (kSteps - 1));
}

std::uint64_t value_of(std::size_t step) {
  const std::size_t group = step >> kStepBits;
  const std::size_t rest = step & (kSteps - 1);
  return group == 0 ? rest : (kSteps + rest) << (group - 1);
}

}  // namespace

Histogram::Histogram() : steps_(kPowers << kStepBits) {}

void Histogram::add(std::uint64_t micros) {
  ++steps_[std::min(step_of(micros), steps_.size() - 1)];
  ++count_;
  sum_ += micros;
  max_ = std::max(max_, micros);
}

void Histogram::add_all_of(const Histogram& other) {
  for (std::size_t i = 0; i < steps_.size(); ++i) steps_[i] += other.steps_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

double Histogram::mean() const {
  return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

std::uint64_t Histogram::at(double quantile) const {
  const auto wanted = static_cast<std::uint64_t>(quantile * static_cast<double>(count_));
  std::uint64_t seen = 0;
  for (std::size_t step = 0; step < steps_.size(); ++step) {
    seen += steps_[step];
    if (seen > wanted) return value_of(step);
  }
  return max_;
}

}  // namespace weir::gload
