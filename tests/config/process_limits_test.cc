// SPDX-License-Identifier: Apache-2.0
#include "server/process_limits.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace weir {
namespace {

// Puts the soft limit back.
class Descriptors : public ::testing::Test {
 protected:
  Descriptors() { getrlimit(RLIMIT_NOFILE, &before_); }
  ~Descriptors() override { setrlimit(RLIMIT_NOFILE, &before_); }
  void set_soft(rlim_t soft) {
    rlimit limit = before_;
    limit.rlim_cur = soft;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  static rlim_t soft() {
    rlimit now{};
    getrlimit(RLIMIT_NOFILE, &now);
    return now.rlim_cur;
  }

  rlimit before_{};
  config::Config config_;
};

TEST_F(Descriptors, TheSoftLimitIsRaisedToTheHardOne) {
  set_soft(256);
  EXPECT_EQ(raise_descriptor_limit(), before_.rlim_max);
  EXPECT_EQ(soft(), before_.rlim_max);
}

TEST_F(Descriptors, AConnectionNeedsTwoBesideWhatElseIsOpen) {
  const std::size_t few = connections_within(1024, config_);
  EXPECT_GT(few, 256u);
  EXPECT_LT(few, 512u);
  EXPECT_EQ(connections_within(1024 + 2000, config_), few + 1000);
  config_.postgres.max_connections += 10;
  EXPECT_EQ(connections_within(1024, config_), few - 20);
}

TEST_F(Descriptors, ThereIsAlwaysOne) {
  EXPECT_EQ(connections_within(0, config_), 1u);
  EXPECT_EQ(connections_within(64, config_), 1u);
}

TEST_F(Descriptors, MaxConnectionsIsCutToWhatFits) {
  config_.rpc.max_connections = before_.rlim_max;  // of two descriptors each
  fit_descriptors(config_);
  EXPECT_EQ(config_.rpc.max_connections, connections_within(before_.rlim_max, config_));
  EXPECT_LE(2 * config_.rpc.max_connections, before_.rlim_max);
  config_.rpc.max_connections = 10;
  fit_descriptors(config_);
  EXPECT_EQ(config_.rpc.max_connections, 10u);
}

}  // namespace
}  // namespace weir
