// SPDX-License-Identifier: Apache-2.0
#include "async/cancellation.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace weir {
namespace {

class Listener final : public CancelCallback {
 public:
  void on_cancel(CancelReason reason) override {
    ++told;
    last = reason;
  }
  std::atomic<int> told = 0;
  std::atomic<CancelReason> last = CancelReason::kNone;
};

TEST(CancelScope, TellsEveryListenerOnceAndKeepsTheFirstReason) {
  CancelScope scope;
  Listener first;
  Listener second;
  scope.add(first);
  scope.add(second);
  scope.cancel(CancelReason::kDeadline);
  scope.cancel(CancelReason::kCancelled);
  EXPECT_EQ(first.told, 1);
  EXPECT_EQ(second.told, 1);
  EXPECT_EQ(second.last, CancelReason::kDeadline);
  EXPECT_EQ(scope.reason(), CancelReason::kDeadline);
  EXPECT_TRUE(absl::IsDeadlineExceeded(scope.status()));
}

TEST(CancelScope, TellsALateListenerAtOnce) {
  CancelScope scope;
  scope.cancel();
  Listener late;
  scope.add(late);
  EXPECT_EQ(late.told, 1);
  EXPECT_TRUE(absl::IsCancelled(scope.status()));
}

TEST(CancelScope, DoesNotTellAListenerThatWasRemoved) {
  CancelScope scope;
  Listener gone;
  scope.add(gone);
  scope.remove(gone);
  scope.remove(gone);  // need not be there
  scope.cancel();
  EXPECT_EQ(gone.told, 0);
}

TEST(CancelScope, CancelsWhatIsBelowItAndNothingElse) {
  CancelScope root;
  CancelScope left(&root);
  CancelScope right(&root);
  CancelScope below_left(&left);
  left.cancel(CancelReason::kDeadline);
  EXPECT_EQ(below_left.reason(), CancelReason::kDeadline);
  EXPECT_FALSE(root.is_cancelled());
  EXPECT_FALSE(right.is_cancelled());
  root.cancel();
  EXPECT_EQ(right.reason(), CancelReason::kCancelled);
  EXPECT_EQ(left.reason(), CancelReason::kDeadline);
}

TEST(CancelScope, IsCancelledFromBirthBelowACancelledParent) {
  CancelScope root;
  root.cancel(CancelReason::kDeadline);
  const CancelScope late(&root);
  EXPECT_EQ(late.reason(), CancelReason::kDeadline);
}

TEST(CancellationToken, IsSharedByItsCopies) {
  const CancellationToken token;
  CancellationToken copy = token;
  EXPECT_FALSE(token.is_cancelled());
  copy.cancel();
  EXPECT_TRUE(token.is_cancelled());
}

TEST(CancellationToken, CancelsItsChildrenButNotItsParent) {
  CancellationToken parent;
  CancellationToken child = parent.child();
  const CancellationToken grandchild = child.child();
  const CancellationToken sibling = parent.child();
  child.cancel();
  EXPECT_TRUE(grandchild.is_cancelled());
  EXPECT_FALSE(parent.is_cancelled());
  EXPECT_FALSE(sibling.is_cancelled());
  parent.cancel();
  EXPECT_TRUE(sibling.is_cancelled());
  EXPECT_TRUE(parent.child().is_cancelled());
}

TEST(CancellationToken, ReachesAGrandchildWhoseParentsHandleIsGone) {
  CancellationToken root;
  const CancellationToken grandchild = root.child().child();
  root.cancel();
  EXPECT_TRUE(grandchild.is_cancelled());
}

TEST(CancellationToken, OutlivesTheHandleOfItsParent) {
  auto parent = std::make_unique<CancellationToken>();
  CancellationToken child = parent->child();
  parent.reset();
  EXPECT_FALSE(child.is_cancelled());
  child.cancel();
  EXPECT_TRUE(child.is_cancelled());
}

// Children come, listen and go on several threads while another cancels the root.
TEST(CancellationToken, MayBeCancelledWhileChildrenComeAndGoOnOtherThreads) {
  constexpr int kRounds = 200;
  constexpr int kThreads = 3;
  for (int round = 0; round < kRounds; ++round) {
    CancellationToken root;
    std::latch start(kThreads + 1);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&root, &start] {
        start.arrive_and_wait();
        for (int i = 0; i < 20; ++i) {
          const CancellationToken child = root.child();
          Listener listener;
          child.scope().add(listener);
          const bool cancelled_before = child.is_cancelled();
          child.scope().remove(listener);
          // After remove it is not being told any more.
          const int told = listener.told;
          EXPECT_LE(told, 1);
          EXPECT_GE(told, cancelled_before ? 1 : 0);
        }
      });
    }
    start.arrive_and_wait();
    root.cancel();
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(root.child().is_cancelled());
  }
}

// Cancelling at two levels at once takes locks only downwards; a thread sanitizer sees an
// inversion.
TEST(CancellationToken, MayBeCancelledAtEveryLevelAtOnce) {
  for (int round = 0; round < 200; ++round) {
    CancellationToken root;
    CancellationToken middle = root.child();
    CancellationToken leaf = middle.child();
    Listener listener;
    leaf.scope().add(listener);
    std::latch start(3);
    std::thread a([&] {
      start.arrive_and_wait();
      root.cancel();
    });
    std::thread b([&] {
      start.arrive_and_wait();
      middle.cancel();
    });
    start.arrive_and_wait();
    leaf.cancel();
    a.join();
    b.join();
    EXPECT_EQ(listener.told, 1);
    EXPECT_TRUE(root.is_cancelled() && middle.is_cancelled() && leaf.is_cancelled());
  }
}

TEST(ToStatus, NamesEachReason) {
  EXPECT_TRUE(to_status(CancelReason::kNone).ok());
  EXPECT_TRUE(absl::IsCancelled(to_status(CancelReason::kCancelled)));
  EXPECT_TRUE(absl::IsDeadlineExceeded(to_status(CancelReason::kDeadline)));
}

}  // namespace
}  // namespace weir
