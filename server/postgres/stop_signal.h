// SPDX-License-Identifier: Apache-2.0
#pragma once

// StopSignal: a flag that threads which wait for a socket can wait for as well.

#include "async/time.h"

namespace weir::postgres::detail {

class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  void set();
  void clear();
  // True if it was set by then.
  bool wait_until(TimePoint deadline) const;
  // Readable once it is set.
  int fd() const { return fd_; }

 private:
  const int fd_;
};

}  // namespace weir::postgres::detail
