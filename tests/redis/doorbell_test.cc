// SPDX-License-Identifier: Apache-2.0
#include "server/redis/doorbell.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <memory>

#include "async/oneshot.h"
#include "async/task.h"
#include "async/thread_loop.h"

namespace weir::redis {
namespace {

bool has_rung(const Doorbell& bell) {
  pollfd readable{bell.fd(), POLLIN, 0};
  return ::poll(&readable, 1, 0) == 1;
}

// Posted by the test, after what it looks at.
class Signal final : public Runnable {
 public:
  explicit Signal(oneshot::Sender<int> sender) : sender_(std::move(sender)) {}
  void run() override { (void)sender_.send(1); }

 private:
  oneshot::Sender<int> sender_;
};

// Else the first command of a turn would leave alone, and its thread take the loop's processor.
TEST(Doorbell, RingsWhenTheLoopHasDoneWhatIsReady) {
  ThreadLoop loop;
  const auto body = [](ThreadLoop& own) -> Task<void> {
    const auto bell = std::make_shared<Doorbell>();
    bell->set_asleep(true);
    bell->ring_after_turn(own);
    bell->ring_after_turn(own);
    EXPECT_FALSE(has_rung(*bell)) << "in the middle of a turn";
    EXPECT_TRUE(bell->is_asleep());

    auto [sender, receiver] = oneshot::channel<int>();
    Signal signal(std::move(sender));
    own.post(signal);
    (void)co_await receiver.receive();
    EXPECT_TRUE(has_rung(*bell));
    EXPECT_FALSE(bell->is_asleep());
    bell->quieten();
    EXPECT_FALSE(has_rung(*bell)) << "once";
  };
  loop.run(body(loop));
}

TEST(Doorbell, IsNotRungForOneWhoIsAwake) {
  Doorbell bell;
  bell.ring_if_asleep();
  EXPECT_FALSE(has_rung(bell));
  bell.set_asleep(true);
  bell.ring_if_asleep();
  EXPECT_TRUE(has_rung(bell));
}

}  // namespace
}  // namespace weir::redis
