// SPDX-License-Identifier: Apache-2.0
// The calls of client::Users over a real connection to a server that does as it is told.
#include "client/users.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "async/cancelled.h"
#include "async/join.h"
#include "async/select.h"
#include "async/sleep.h"
#include "async/thread_loop.h"
#include "async/timeout.h"
#include "google/rpc/error_details.pb.h"
#include "rpc/completion_queue_loop.h"
#include "rpc/status.h"
#include "server/status/details.h"
#include "telemetry/with_span.h"
#include "tests/client/fake_server.h"

namespace weir::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
namespace v1 = users::v1;

const grpc::Status kUnavailable(grpc::StatusCode::UNAVAILABLE, "not now");

class UsersTest : public ::testing::Test {
 protected:
  UsersTest() {
    server_.users.get = [this](auto&, const v1::GetUserRequest& request, v1::User& user) {
      user = make_user(request.id(), "Ada", "ada@example.com");
      return ++gets_ <= failing_gets_ ? kUnavailable : grpc::Status::OK;
    };
  }

  static Users open(ChannelOptions options) { return Users(Channel::open(options).value()); }
  ChannelOptions options() const {
    ChannelOptions options;
    options.address = server_.address();
    options.default_timeout = seconds(30);
    options.retry.initial_backoff = milliseconds(1);
    return options;
  }

  FakeServer server_;
  std::atomic<int> gets_ = 0;
  std::atomic<int> failing_gets_ = 0;
  rpc::CompletionQueueLoop loop_;
};

TEST_F(UsersTest, AnAnswerComesBackAsAValue) {
  Users users = open(options());
  const auto user = loop_.run(users.get(42));
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_EQ(user->id(), 42);
  EXPECT_EQ(user->name(), "Ada");
}

TEST_F(UsersTest, ACallBelowASpanSaysSoAndPassesOnWhatCame) {
  std::map<std::string, std::string> sent;
  server_.users.get = [&sent](auto& context, auto&, auto&) {
    for (const auto& [key, value] : context.client_metadata()) {
      sent.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
    }
    return grpc::Status::OK;
  };
  telemetry::Tracer tracer(telemetry::TracerOptions{});
  telemetry::SpanRef caller;
  caller.tracer = &tracer;
  caller.context = *tracer.begin(nullptr);
  caller.carried = std::make_shared<const telemetry::Carried>(
      telemetry::Carried{.trace_state = "vendor=1", .baggage = "tenant=7"});
  Users users = open(options());
  EXPECT_TRUE(loop_.run(with_span_below(caller, "work", users.get(42))).ok());
  const auto context = telemetry::parse_traceparent(sent["traceparent"]);
  ASSERT_TRUE(context.has_value()) << sent["traceparent"];
  EXPECT_EQ(context->trace_id, caller.context.trace_id);
  EXPECT_NE(context->span_id, caller.context.span_id);  // the work's
  EXPECT_TRUE(context->is_sampled);
  EXPECT_EQ(sent["tracestate"], "vendor=1");
  EXPECT_EQ(sent["baggage"], "tenant=7");

  sent.clear();
  EXPECT_TRUE(loop_.run(users.get(42)).ok());
  EXPECT_FALSE(sent.contains("traceparent"));
}

TEST_F(UsersTest, AnErrorComesBackWithItsDetails) {
  server_.users.get = [](auto&, auto&, auto&) {
    return rpc::to_grpc(status::BadRequest().add("id", "must be positive"));
  };
  Users users = open(options());
  const auto user = loop_.run(users.get(0));
  ASSERT_TRUE(absl::IsInvalidArgument(user.status())) << user.status();
  const auto bad = status::detail_of<google::rpc::BadRequest>(user.status());
  ASSERT_TRUE(bad && bad->field_violations_size() == 1);
  EXPECT_EQ(bad->field_violations(0).field(), "id");
}

TEST_F(UsersTest, ACallIsRepeatedUntilTheServerAnswers) {
  failing_gets_ = 2;
  Users users = open(options());
  EXPECT_TRUE(loop_.run(users.get(1)).ok());
  EXPECT_EQ(gets_, 3);
}

TEST_F(UsersTest, TheTrailerThatForbidsARetryIsObeyed) {
  server_.users.get = [this](grpc::CallbackServerContext& context, auto&, auto&) {
    ++gets_;
    context.AddTrailingMetadata("grpc-retry-pushback-ms", "-1");
    return kUnavailable;
  };
  Users users = open(options());
  EXPECT_TRUE(absl::IsUnavailable(loop_.run(users.get(1)).status()));
  EXPECT_EQ(gets_, 1);
}

TEST_F(UsersTest, RetriesOfAllCallsShareOneBudget) {
  failing_gets_ = 1'000'000;
  ChannelOptions few = options();
  few.retry.budget_burst = 2;
  few.retry.budget_ratio = 0;
  Users users = open(few);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(loop_.run(users.get(1)).ok());
  EXPECT_EQ(gets_, 5 + 2);
}

TEST_F(UsersTest, EveryAttemptToCreateHasTheSameRequestId) {
  std::vector<std::string> ids;
  server_.users.create = [&](auto&, const v1::CreateUserRequest& request, v1::User&) {
    ids.push_back(request.request_id());
    return ids.size() < 3 ? kUnavailable : grpc::Status::OK;
  };
  Users users = open(options());
  ASSERT_TRUE(loop_.run(users.create(v1::CreateUserRequest())).ok());
  ASSERT_EQ(ids.size(), 3u);
  EXPECT_FALSE(ids[0].empty());
  EXPECT_EQ(ids[1], ids[0]);
  EXPECT_EQ(ids[2], ids[0]);

  ASSERT_TRUE(loop_.run(users.create(v1::CreateUserRequest())).ok());
  EXPECT_NE(ids.back(), ids[0]);
}

TEST_F(UsersTest, AnUpdateThatMayHaveHappenedIsNotRepeated) {
  int updates = 0;
  server_.users.update = [&](auto&, auto&, auto&) {
    ++updates;
    return kUnavailable;
  };
  Users users = open(options());
  EXPECT_TRUE(absl::IsUnavailable(loop_.run(users.update(v1::UpdateUserRequest())).status()));
  EXPECT_EQ(updates, 1);
}

TEST_F(UsersTest, ADeletionRefusedUnbegunIsRepeated) {
  int deletions = 0;
  server_.users.remove = [&](grpc::CallbackServerContext& context,
                             const v1::DeleteUserRequest& request, auto&) {
    EXPECT_EQ(request.id(), 7);
    EXPECT_EQ(request.etag(), "\"3\"");
    if (++deletions > 1) return grpc::Status::OK;
    context.AddTrailingMetadata("grpc-retry-pushback-ms", "1");
    return kUnavailable;
  };
  Users users = open(options());
  EXPECT_EQ(loop_.run(users.remove(7, "\"3\"")), absl::OkStatus());
  EXPECT_EQ(deletions, 2);
}

TEST_F(UsersTest, SeveralUsersComeInTheOrderOfTheAnswer) {
  server_.users.batch_get = [](auto&, const v1::BatchGetUsersRequest& request, auto& response) {
    for (const auto id : request.ids()) *response.add_users() = make_user(id, "", "");
    return grpc::Status::OK;
  };
  Users users = open(options());
  const auto found = loop_.run(users.batch_get({3, 1, 2}));
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->size(), 3u);
  EXPECT_EQ((*found)[0].id(), 3);
  EXPECT_EQ((*found)[2].id(), 2);
}

TEST_F(UsersTest, TheDefaultTimeoutEndsACallThatHangs) {
  auto& hang = server_.users.hang_gets();
  ChannelOptions short_timeout = options();
  short_timeout.default_timeout = milliseconds(50);
  Users users = open(short_timeout);
  EXPECT_TRUE(absl::IsDeadlineExceeded(loop_.run(users.get(1)).status()));
  hang.cancelled.get_future().wait();
}

TEST_F(UsersTest, TheServerIsToldTheEarlierOfTheTwoDeadlines) {
  std::chrono::system_clock::time_point deadline;
  server_.users.get = [&](grpc::CallbackServerContext& context, auto&, auto&) {
    deadline = context.deadline();
    return grpc::Status::OK;
  };
  Users users = open(options());
  // gRPC rounds a timeout up on its way, by less than 1 %.
  const auto remaining = [&] { return deadline - std::chrono::system_clock::now(); };

  ASSERT_TRUE(loop_.run(users.get(1)).ok());
  EXPECT_GT(remaining(), seconds(15));
  EXPECT_LE(remaining(), milliseconds(30'300));
  ASSERT_TRUE(loop_.run(timeout(seconds(10), users.get(1))).ok());
  EXPECT_LE(remaining(), milliseconds(10'100));
  ASSERT_TRUE(loop_.run(timeout(seconds(3600), users.get(1))).ok());
  EXPECT_LE(remaining(), milliseconds(30'300));
}

TEST_F(UsersTest, CancellingTheTaskCancelsTheCallOnTheServer) {
  auto& hang = server_.users.hang_gets();
  Users users = open(options());
  CancellationToken arrived;
  std::thread waiter([&] {
    hang.arrived.get_future().wait();
    arrived.cancel();
  });
  absl::Status ended;
  const auto call = [&]() -> Task<void> { ended = (co_await users.get(1)).status(); };
  const auto until_arrived = [&]() -> Task<void> { (void)co_await cancelled(arrived); };
  const auto race = [&]() -> Task<void> { (void)co_await select(call(), until_arrived()); };
  loop_.run(race());
  waiter.join();
  EXPECT_TRUE(absl::IsCancelled(ended)) << ended;
  hang.cancelled.get_future().wait();
}

TEST_F(UsersTest, ACancelledTaskCallsNobody) {
  Users users = open(options());
  absl::Status ended;
  const auto call = [&]() -> Task<void> {
    (void)co_await sleep_until(kForever);  // until it is told to stop
    ended = (co_await users.get(1)).status();
  };
  const auto nothing = []() -> Task<void> { co_return; };
  const auto race = [&]() -> Task<void> { (void)co_await select(call(), nothing()); };
  loop_.run(race());
  EXPECT_TRUE(absl::IsCancelled(ended)) << ended;
  EXPECT_EQ(gets_, 0);
}

TEST_F(UsersTest, CallsOfOneLoopAreUnderWayTogether) {
  constexpr int kCalls = 500;
  Users users = open(options());
  std::vector<Task<absl::StatusOr<User>>> calls;
  for (int id = 1; id <= kCalls; ++id) calls.push_back(users.get(id));
  const auto all =
      [](std::vector<Task<absl::StatusOr<User>>> tasks) -> Task<std::vector<absl::StatusOr<User>>> {
    co_return co_await join_all(std::move(tasks));
  };
  const auto answers = loop_.run(all(std::move(calls)));
  for (int i = 0; i < kCalls; ++i) {
    ASSERT_TRUE(answers[i].ok()) << answers[i].status();
    EXPECT_EQ(answers[i]->id(), i + 1);
  }
}

TEST_F(UsersTest, AnAnswerAboveTheLimitIsRefused) {
  server_.users.get = [](auto&, auto&, v1::User& user) {
    user.set_name(std::string(10'000, 'a'));
    return grpc::Status::OK;
  };
  ChannelOptions small = options();
  small.max_receive_message_bytes = 1000;
  Users users = open(small);
  EXPECT_TRUE(absl::IsResourceExhausted(loop_.run(users.get(1)).status()));
}

TEST_F(UsersTest, WithNoServerThereIsAnErrorAtOnce) {
  server_.stop();
  ChannelOptions once = options();
  once.retry.max_attempts = 1;
  Users users = open(once);
  EXPECT_TRUE(absl::IsUnavailable(loop_.run(users.get(1)).status()));
}

TEST_F(UsersTest, ALoopOfAnotherKindIsRefused) {
  Users users = open(options());
  ThreadLoop loop;
  EXPECT_TRUE(absl::IsFailedPrecondition(loop.run(users.get(1)).status()));
}

}  // namespace
}  // namespace weir::client
