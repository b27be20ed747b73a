// SPDX-License-Identifier: Apache-2.0
#pragma once

// drain: how the server ends without losing a call. Tokio: axum's with_graceful_shutdown, plus what
// it leaves to the deployment.
//
//   announce   health says NOT_SERVING, everything is still served. Clients that watch health leave
//              at once, the others when MAX_CONNECTION_AGE sends them away, which loses nothing.
//              For `accept` they may even come back, for a load balancer takes a moment to hear of
//              the end; then the door is closed, and they connect elsewhere.
//              Until no call has arrived for `quiet`, or the limit.
//   refuse     what still arrives gets UNAVAILABLE with pushback; so does a call whose request has
//              not come yet.
//   finish     until no call is in progress, or the limit.
//   cancel     what is still in progress is cancelled, down to its queries, and answered.
//   shut down  grpc::Server::Shutdown, then the queues. Only now: under traffic it loses about one
//              call per connection (grpc#24237), so it is the last step and not the drain itself.
//
// A phase ends when its condition is met or its limit has passed. A second signal cuts: it goes
// straight to cancel. Thread: the main loop; nothing here runs on a server's loop.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "async/cancellation.h"
#include "async/task.h"
#include "server/rpc/server_loop.h"

namespace weir::rpc {

struct DrainLimits {
  Duration quiet = std::chrono::seconds(1);
  Duration announce = std::chrono::seconds(45);
  Duration accept = std::chrono::seconds(5);  // of announce: new connections too
  Duration finish = std::chrono::seconds(20);
  Duration cancel = std::chrono::seconds(2);
  Duration shut_down = std::chrono::seconds(2);

  // How long a drain can take, to be held against the orchestrator's grace period.
  Duration total() const { return announce + finish + cancel + shut_down; }
};

// Where a server is on its way to its end, for those who look in.
enum class DrainPhase : unsigned char { kServing, kAnnounce, kFinish, kCancel, kShutDown };
inline constexpr std::size_t kDrainPhases = 5;
const char* name_of(DrainPhase phase);

// What is drained: the server, or a test's.
class DrainTarget {
 public:
  virtual void announce() = 0;
  virtual void close_door() = 0;  // to new connections
  virtual void refuse() = 0;
  virtual std::uint64_t arrived() const = 0;  // calls, ever
  virtual std::size_t in_progress() const = 0;
  virtual Task<std::vector<ServerLoop::Straggler>> stragglers() = 0;
  virtual void cancel() = 0;
  virtual Task<void> shut_down(Duration limit) = 0;

 protected:
  ~DrainTarget() = default;
};

struct DrainReport {
  struct Phase {
    std::string name;
    Duration took;
  };
  std::vector<Phase> phases;
  Duration took{};
  std::uint64_t arrived = 0;                      // calls that came while draining
  std::size_t in_progress = 0;                    // when it began
  std::size_t cut = 0;                            // calls that did not end by themselves
  std::size_t left = 0;                           // of those, still there after the cancel phase
  bool hurried = false;                           // by a second signal
  std::vector<ServerLoop::Straggler> stragglers;  // the cut ones

  // For the process: 0 if no call was cut, 3 if any was.
  int exit_code() const { return cut == 0 ? 0 : 3; }
};

// `hurry` is cancelled by the second signal.
Task<DrainReport> drain(DrainTarget& target, DrainLimits limits, CancellationToken hurry);

}  // namespace weir::rpc
