// SPDX-License-Identifier: Apache-2.0
#include "client/throttle.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace weir::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A service that takes on a share of the calls that reach it, and a client of it.
class Simulation {
 public:
  // Returns how many of a thousand calls a second were sent.
  int run(Duration lasts, double taken) {
    int sent = 0;
    for (const TimePoint end = now_ + lasts; now_ < end; now_ += milliseconds(1)) {
      if (!throttle_.admit(now_, random_())) continue;
      ++sent;
      const bool takes = std::uniform_real_distribution<>()(random_) < taken;
      throttle_.ended(now_, takes ? absl::OkStatus() : absl::UnavailableError("overloaded"));
    }
    return sent;
  }
  Throttle& throttle() { return throttle_; }
  TimePoint now() const { return now_; }

 private:
  Throttle throttle_{ThrottleOptions()};
  TimePoint now_{std::chrono::hours(1)};
  std::mt19937_64 random_{1};
};

TEST(Throttle, SendsEverythingWhileMostIsTakenOn) {
  Simulation simulation;
  EXPECT_EQ(simulation.run(seconds(20), 1), 20'000);
  EXPECT_GT(simulation.run(seconds(20), 0.6), 19'900);
}

TEST(Throttle, SendsLittleToAServiceThatIsDownAndFindsOutWhenItIsBack) {
  Simulation simulation;
  simulation.run(seconds(10), 1);
  simulation.run(seconds(20), 0);
  const int sent = simulation.run(seconds(10), 0);
  EXPECT_NEAR(sent, 1'000, 150) << "of 10,000";
  simulation.run(seconds(12), 1);
  EXPECT_EQ(simulation.run(seconds(5), 1), 5'000);
}

TEST(Throttle, SendsFewerToAServiceThatTakesOnAFifth) {
  Simulation simulation;
  simulation.run(seconds(20), 0.2);
  // Of what is sent a fifth is taken on: all is refused here but little of what could be.
  EXPECT_GT(simulation.throttle().closed(simulation.now()), 0.3);
}

TEST(Throttle, AFewFailuresSayNothing) {
  Simulation simulation;
  EXPECT_EQ(simulation.run(milliseconds(19), 0), 19);
}

TEST(Throttle, CallsThatAreUnderWaySayNothing) {
  Throttle throttle{ThrottleOptions()};
  const TimePoint now{std::chrono::hours(1)};
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(throttle.admit(now, 0));
}

TEST(Throttle, AnErrorThatIsAnAnswerIsNoRefusal) {
  Throttle throttle{ThrottleOptions()};
  const TimePoint now{std::chrono::hours(1)};
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(throttle.admit(now, 0));
    throttle.ended(now, absl::NotFoundError("no such user"));
  }
  EXPECT_EQ(throttle.closed(now), 0);
}

}  // namespace
}  // namespace weir::client
