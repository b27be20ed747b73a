// SPDX-License-Identifier: Apache-2.0
#include "server/users/passwords.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "async/join.h"
#include "async/thread_loop.h"
#include "server/status/details.h"

namespace weir::users {
namespace {

// The least that Argon2 accepts: these tests are not about its strength.
Argon2Cost cheap(std::uint32_t iterations = 1) {
  Argon2Cost cost;
  cost.memory_kib = 8;
  cost.iterations = iterations;
  return cost;
}

class PasswordsTest : public ::testing::Test {
 protected:
  std::string hash(Passwords& passwords, const std::string& password) {
    return loop_.run(passwords.hash(password)).value();
  }
  Passwords::Verdict verify(Passwords& passwords, const std::string& password,
                            const std::string& hash) {
    return loop_.run(passwords.verify(password, hash)).value();
  }

  ThreadLoop loop_;
  BlockingPool pool_{"passwords", 2, 4};
};

TEST_F(PasswordsTest, HashesAtOwaspsCostAsAPhcString) {
  Passwords passwords(pool_);
  const std::string phc = hash(passwords, "correct horse");
  EXPECT_TRUE(absl::StartsWith(phc, "$argon2id$v=19$m=19456,t=2,p=1$")) << phc;
  EXPECT_FALSE(absl::StrContains(phc, "horse"));
  EXPECT_TRUE(verify(passwords, "correct horse", phc).matches);
}

TEST_F(PasswordsTest, TellsTheRightPasswordFromOthers) {
  Passwords passwords(pool_, cheap());
  const std::string phc = hash(passwords, "correct horse");
  EXPECT_TRUE(verify(passwords, "correct horse", phc).matches);
  EXPECT_FALSE(verify(passwords, "correct horse", phc).outdated);
  for (const char* wrong : {"", "Correct horse", "correct hors", "correct horse "}) {
    EXPECT_FALSE(verify(passwords, wrong, phc).matches) << wrong;
  }
}

TEST_F(PasswordsTest, TakesPasswordsAsBytes) {
  Passwords passwords(pool_, cheap());
  const std::string phc = hash(passwords, std::string("a\0b", 3));
  EXPECT_TRUE(verify(passwords, std::string("a\0b", 3), phc).matches);
  EXPECT_FALSE(verify(passwords, "a", phc).matches);
}

TEST_F(PasswordsTest, SaltsEveryHash) {
  Passwords passwords(pool_, cheap());
  EXPECT_NE(hash(passwords, "correct horse"), hash(passwords, "correct horse"));
}

TEST_F(PasswordsTest, NothingMatchesWithoutAHash) {
  Passwords passwords(pool_, cheap());
  for (const char* password : {"", "correct horse"}) {
    EXPECT_FALSE(verify(passwords, password, "").matches);
  }
}

TEST_F(PasswordsTest, SaysWhichHashIsToBeMadeAgain) {
  Passwords before(pool_, cheap(1));
  Passwords now(pool_, cheap(2));
  const std::string old_hash = hash(before, "correct horse");
  EXPECT_TRUE(verify(now, "correct horse", old_hash).matches);
  EXPECT_TRUE(verify(now, "correct horse", old_hash).outdated);
  EXPECT_FALSE(verify(now, "wrong", old_hash).outdated);
}

TEST_F(PasswordsTest, ABrokenHashIsAnErrorNotAWrongPassword) {
  Passwords passwords(pool_, cheap());
  const absl::StatusOr<Passwords::Verdict> verdict =
      loop_.run(passwords.verify("correct horse", "$argon2id$nonsense"));
  EXPECT_EQ(verdict.status().code(), absl::StatusCode::kInternal);
}

TEST_F(PasswordsTest, RefusesACostThatArgon2DoesNotKnow) {
  Argon2Cost cost;
  cost.memory_kib = 1;
  EXPECT_THROW(Passwords(pool_, cost), std::invalid_argument);
}

Task<absl::Status> hold_the_thread(BlockingPool& pool, std::promise<void>& running,
                                   std::future<void> released) {
  auto hold = [&running, released = std::make_shared<std::future<void>>(std::move(released))] {
    running.set_value();
    released->wait();
  };
  co_return co_await spawn_blocking(pool, std::move(hold));
}

Task<absl::Status> hash_status(Passwords& passwords) {
  co_return (co_await passwords.hash("correct horse")).status();
}

// Lets the thread go as soon as it is refused.
Task<absl::Status> be_refused(Passwords& passwords, std::promise<void>& release) {
  absl::Status status = co_await hash_status(passwords);
  release.set_value();
  co_return status;
}

// With the one thread held and the one place in the queue taken, the next is refused at once.
Task<absl::Status> overload(BlockingPool& pool, Passwords& passwords) {
  std::promise<void> running, release;
  auto wait_until_running = [](std::promise<void>& held) -> Task<absl::Status> {
    held.get_future().wait();
    co_return absl::OkStatus();
  };
  const auto statuses = co_await join(hold_the_thread(pool, running, release.get_future()),
                                      wait_until_running(running), hash_status(passwords),
                                      be_refused(passwords, release));
  const auto& [held, ran, queued, refused] = statuses;
  EXPECT_TRUE(held.ok()) << held;
  EXPECT_TRUE(queued.ok()) << queued;
  co_return refused;
}

TEST_F(PasswordsTest, RefusesWorkBeyondItsBoundWithAnAdviceWhenToReturn) {
  BlockingPool pool("passwords", 1, 1);
  Passwords passwords(pool, cheap());
  const absl::Status refused = loop_.run(overload(pool, passwords));
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_EQ(status::detail_of<google::rpc::ErrorInfo>(refused)->reason(),
            "PASSWORD_WORK_OVERLOADED");
  EXPECT_TRUE(status::detail_of<google::rpc::RetryInfo>(refused).has_value());
}

}  // namespace
}  // namespace weir::users
