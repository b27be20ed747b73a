// SPDX-License-Identifier: Apache-2.0
#pragma once

// Outcome<T>: what a coroutine has ended with so far: nothing, a value or an exception. One byte
// beside the larger of the two: it is in every frame, and made and destroyed with every call.

#include <cassert>
#include <exception>
#include <memory>
#include <utility>

namespace weir::detail {

template <class T>
class Outcome {
 public:
  Outcome() noexcept {}  // NOLINT(modernize-use-equals-default): a union has no default
  ~Outcome() { reset(); }
  Outcome(const Outcome&) = delete;
  Outcome& operator=(const Outcome&) = delete;

  bool has_value() const { return holds_ == Holds::kValue; }
  bool threw() const { return holds_ == Holds::kException; }

  // Once, before anything else.
  template <class... Args>
  void emplace(Args&&... args) {
    assert(holds_ == Holds::kNothing);
    std::construct_at(&value_, std::forward<Args>(args)...);
    holds_ = Holds::kValue;
  }
  // Also in place of a value: the destructor of a local may throw after co_return.
  void fail(std::exception_ptr thrown) noexcept {
    reset();
    std::construct_at(&exception_, std::move(thrown));
    holds_ = Holds::kException;
  }

  // Of one that has it.
  const T& value() const { return value_; }
  const std::exception_ptr& exception() const { return exception_; }

  // The value, once, or throws the exception.
  T take() {
    if (threw()) [[unlikely]]
      std::rethrow_exception(exception_);
    assert(has_value());
    return std::move(value_);
  }

 private:
  enum class Holds : unsigned char { kNothing, kValue, kException };

  void reset() noexcept {
    if (has_value()) {
      std::destroy_at(&value_);
    } else if (threw()) [[unlikely]] {
      std::destroy_at(&exception_);
    }
    holds_ = Holds::kNothing;
  }

  union {
    T value_;
    std::exception_ptr exception_;
  };
  Holds holds_ = Holds::kNothing;
};

}  // namespace weir::detail
