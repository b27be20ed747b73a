// SPDX-License-Identifier: Apache-2.0
// VerifyPassword, on a real Postgres and Redis.

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "async/sleep.h"
#include "tests/support/error_details.h"
#include "tests/users/user_stack.h"

namespace weir::users {
namespace {

using testing::StackOptions;
using testing::UserDatabase;
using testing::UserStack;
using weir::testing::bad_fields;
using weir::testing::reason_of;

AttemptLimit attempts(int count) {
  AttemptLimit limit;
  limit.attempts = count;
  limit.window = std::chrono::hours(1);
  return limit;
}

StackOptions with(AttemptLimit limit) {
  StackOptions options;
  options.attempts = limit;
  return options;
}

class VerifyPassword : public ::testing::Test {
 protected:
  UserDatabase database_;
  UserStack stack_{database_, with(attempts(1000))};
};

TEST_F(VerifyPassword, AnswersWithTheUser) {
  const v1::User ada = stack_.create("Ada", "ada@example.com", "correct horse").value();
  EXPECT_EQ(stack_.verify("ADA@example.com", "correct horse").value().SerializeAsString(),
            ada.SerializeAsString());
}

TEST_F(VerifyPassword, SaysTheSameOfAWrongPasswordAndAnUnknownEmail) {
  ASSERT_TRUE(stack_.create("Ada", "ada@example.com", "correct horse").ok());
  ASSERT_TRUE(stack_.create("Bob", "bob@example.com").ok());
  const absl::Status wrong = stack_.verify("ada@example.com", "wrong horse").status();
  EXPECT_TRUE(absl::IsUnauthenticated(wrong)) << wrong;
  EXPECT_EQ(reason_of(wrong), "WRONG_PASSWORD");
  EXPECT_EQ(stack_.verify("eve@example.com", "correct horse").status(), wrong);
  EXPECT_EQ(stack_.verify("bob@example.com", "correct horse").status(), wrong);
}

TEST_F(VerifyPassword, NamesWhatIsWrongWithTheRequest) {
  EXPECT_EQ(bad_fields(stack_.verify("", "").status()),
            (std::vector<std::string>{"email", "password"}));
  EXPECT_EQ(bad_fields(stack_.verify("ada@example.com", std::string(129, 'x')).status()),
            std::vector<std::string>{"password"});
}

// At OWASP's cost the hash is nearly all of the time: an answer that skipped it would be some
// thirty times quicker. The margin is for a busy machine.
TEST_F(VerifyPassword, TakesAsLongForAnUnknownEmail) {
  StackOptions options = with(attempts(1000));
  options.cost = Argon2Cost();
  UserStack stack(database_, options);
  ASSERT_TRUE(stack.create("Ada", "ada@example.com", "correct horse").ok());
  ASSERT_TRUE(stack.create("Bob", "bob@example.com").ok());
  const auto quickest = [&](const std::string& email) {
    Duration best = Duration::max();
    for (int i = 0; i < 5; ++i) {
      const auto began = std::chrono::steady_clock::now();
      EXPECT_TRUE(absl::IsUnauthenticated(stack.verify(email, "wrong horse").status()));
      best = std::min<Duration>(best, std::chrono::steady_clock::now() - began);
    }
    return best;
  };
  const Duration wrong = quickest("ada@example.com");
  for (const char* email : {"eve@example.com", "bob@example.com"}) {
    EXPECT_GT(quickest(email) * 4, wrong) << email;
  }
}

TEST_F(VerifyPassword, MakesAnOutdatedHashAgainOnceThePasswordIsKnown) {
  ASSERT_TRUE(stack_.create("Ada", "ada@example.com", "correct horse").ok());
  StackOptions options = with(attempts(1000));
  options.cost.iterations = 3;
  UserStack today(database_, options);
  const auto stored = [&] { return database_.psql().value("SELECT password_hash FROM users"); };
  const std::string before = stored();
  EXPECT_FALSE(today.verify("ada@example.com", "wrong horse").ok());
  EXPECT_EQ(stored(), before);
  EXPECT_TRUE(today.verify("ada@example.com", "correct horse").ok());
  EXPECT_NE(stored().find(",t=3,"), std::string::npos) << stored();
  EXPECT_EQ(today.verify("ada@example.com", "correct horse").value().etag(), "\"1\"");
}

TEST_F(VerifyPassword, IsLimitedPerEmailOverAllReplicas) {
  UserStack one(database_, with(attempts(4)));
  UserStack other(database_, with(attempts(4)));
  ASSERT_TRUE(one.create("Ada", "ada@example.com", "correct horse").ok());
  for (int i = 0; i < 4; ++i) {
    UserStack& replica = i % 2 == 0 ? one : other;
    EXPECT_TRUE(absl::IsUnauthenticated(replica.verify("ada@example.com", "wrong").status()));
  }
  // Also with the right password, in whatever case the e-mail is written.
  for (UserStack* replica : {&one, &other}) {
    const absl::Status status = replica->verify("ADA@example.com", "correct horse").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
    const auto retry = status::detail_of<google::rpc::RetryInfo>(status);
    ASSERT_TRUE(retry.has_value());
    EXPECT_GT(retry->retry_delay().seconds(), 14 * 60);
    EXPECT_LE(retry->retry_delay().seconds(), 15 * 60);
  }
  EXPECT_TRUE(absl::IsUnauthenticated(one.verify("bob@example.com", "wrong").status()));
}

TEST_F(VerifyPassword, IsLimitedByEachReplicaWhileRedisIsGone) {
  StackOptions options = with(attempts(2));
  options.redis.address.port = 1;  // nobody listens there
  UserStack stack(database_, options);
  EXPECT_TRUE(absl::IsUnauthenticated(stack.verify("ada@example.com", "wrong").status()));
  EXPECT_TRUE(absl::IsUnauthenticated(stack.verify("ada@example.com", "wrong").status()));
  EXPECT_EQ(stack.verify("ada@example.com", "wrong").status().code(),
            absl::StatusCode::kResourceExhausted);
}

// Attempts come back one by one: the limit in Redis is a bucket that fills, not a window that ends.
TEST_F(VerifyPassword, AllowsOneMoreAttemptAfterEachInterval) {
  AttemptLimit limit;
  limit.attempts = 2;
  limit.window = std::chrono::milliseconds(400);
  UserStack stack(database_, with(limit));
  const auto refused_for = [&]() -> Duration {
    const absl::Status status = stack.verify("ada@example.com", "wrong").status();
    const auto retry = status::detail_of<google::rpc::RetryInfo>(status);
    if (!retry) return Duration::zero();
    return std::chrono::seconds(retry->retry_delay().seconds()) +
           std::chrono::nanoseconds(retry->retry_delay().nanos());
  };
  for (int round = 0; round < 2; ++round) {
    Duration wait = Duration::zero();
    for (int i = 0; i < 10 && wait == Duration::zero(); ++i) wait = refused_for();
    ASSERT_GT(wait, Duration::zero());
    EXPECT_LE(wait, limit.interval());
    EXPECT_TRUE(stack
                    .run([](Duration delay) -> Task<absl::Status> {
                      co_return co_await sleep(delay);
                    }(wait))
                    .ok());
    EXPECT_EQ(refused_for(), Duration::zero());
  }
}

}  // namespace
}  // namespace weir::users
