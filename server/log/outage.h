// SPDX-License-Identifier: Apache-2.0
#pragma once

// Outage: something that may be gone, as the log tells of it: a warning when it begins, a line when
// it is over, nothing for the attempts between.
//
//     Outage outage(sink, {"cannot connect", "connected again"});
//     Outage::Part part(outage);          // one of the connections
//     part.failed("connection refused");  // each time
//     part.works();                       // each time
//
// It begins with the first part that fails, and is over when all that failed work again.
//
// Thread: any; a Part is one thread's. Parts end before their Outage.

#include <cstddef>
#include <cstdint>
#include <mutex>

#include "async/time.h"
#include "server/log/sink.h"

namespace weir::log {

class Outage {
 public:
  struct Words {  // literals
    const char* begins;
    const char* is_over;
  };
  // Without a sink nothing is told.
  Outage(Sink sink, Words words) : sink_(std::move(sink)), words_(words) {}

  class Part {
   public:
    explicit Part(Outage& outage) : outage_(outage) {}
    // Says nothing.
    ~Part();
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

    void failed(const Value& why);
    void works();

   private:
    Outage& outage_;
    bool is_failing_ = false;
  };

 private:
  void failed(const Value& why, bool is_new_part);
  void works();

  const Sink sink_;
  const Words words_;
  std::mutex mutex_;
  std::size_t failing_ = 0;  // parts
  std::uint64_t attempts_ = 0;
  TimePoint began_{};
};

}  // namespace weir::log
