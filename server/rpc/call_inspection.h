// SPDX-License-Identifier: Apache-2.0
#pragma once

// CallInspection: a look at the calls in progress of one loop, from another thread.
//
//     std::vector<std::string> methods;
//     CallInspection inspection(loop, [&](const ServerCall& call, TimePoint now) {
//       ...
//       return true;  // the next one too
//     });
//     const bool complete = inspection.wait_until(deadline);
//
// The loop visits its calls itself, oldest first, for at most a millisecond in each of its turns,
// so that ten thousand of them hold nobody up; calls that end meanwhile are left out. A loop that
// is stuck does not answer: then wait_until says false, and has what was seen until then.
//
// Trap: `visit` runs on the loop's thread, and never after wait_until has returned or the
// inspection is gone. Thread: any but a loop's.

#include <functional>
#include <memory>

#include "async/time.h"

namespace weir::rpc {

class ServerCall;
class ServerLoop;

class CallInspection {
 public:
  using Visit = std::function<bool(const ServerCall& call, TimePoint now)>;

  CallInspection(ServerLoop& loop, Visit visit);
  ~CallInspection();
  CallInspection(const CallInspection&) = delete;
  CallInspection& operator=(const CallInspection&) = delete;

  // True if the loop has shown all that it was asked for.
  bool wait_until(TimePoint deadline);

 private:
  class State;
  const std::shared_ptr<State> state_;
};

}  // namespace weir::rpc
