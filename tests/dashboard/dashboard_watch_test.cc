// SPDX-License-Identifier: Apache-2.0
// When a watched dashboard is read and sent again, in virtual time.
#include "server/dashboard/dashboard_watch.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "async/cancelled.h"
#include "async/select.h"
#include "async/sleep.h"
#include "async/testing/async_test.h"
#include "tests/support/error_details.h"

namespace weir::dashboard {
namespace {

using namespace std::chrono_literals;
using weir::testing::reason_of;

// A user whose name counts the changes; reading takes its time.
class CountingSources final : public Sources {
 public:
  Task<absl::StatusOr<std::optional<users::User>>> user(std::int64_t id) override {
    ++reads;
    users::User user;
    user.id = id;
    user.name = std::to_string(changes);  // as it is when the reading begins
    const bool exists = user_exists;
    absl::Status slept = co_await sleep(takes);
    if (!slept.ok()) co_return slept;
    if (!exists) co_return std::nullopt;
    co_return user;
  }
  Task<absl::StatusOr<std::vector<posts::Post>>> posts(std::int64_t, std::int64_t) override {
    if (failing_posts > 0 && failing_posts-- > 0) co_return absl::UnavailableError("down");
    co_return std::vector<posts::Post>();
  }
  Task<absl::StatusOr<std::vector<subscriptions::Subscription>>> subscriptions(
      std::int64_t, std::int64_t) override {
    co_return std::vector<subscriptions::Subscription>();
  }

  int changes = 0;
  int reads = 0;
  int failing_posts = 0;
  Duration takes = 10ms;
  bool user_exists = true;
};

class Client final : public rpc::Writer<v1::Dashboard> {
 public:
  Task<absl::Status> begin() override { co_return absl::OkStatus(); }
  Task<absl::Status> write(const v1::Dashboard& dashboard) override {
    names.push_back(dashboard.user().name());
    missing.push_back(dashboard.unavailable_size());
    co_return co_await sleep(takes);
  }
  Task<absl::Status> write(const rpc::Encoded<v1::Dashboard>&) override {
    co_return absl::UnimplementedError("");
  }

  std::vector<std::string> names;
  std::vector<int> missing;
  Duration takes = 0ms;
};

struct Watched {
  Task<absl::Status> watch(std::int64_t user_id = 42) {
    v1::WatchDashboardRequest request;
    request.set_user_id(user_id);
    co_return co_await watcher.watch_dashboard(request, client);
  }
  // As the feed tells it.
  void change(std::int64_t user_id = 42) {
    ++sources.changes;
    users::EventBatch batch;
    batch.after = seq;
    batch.upto = ++seq;
    users::UserEvent& event = batch.events.emplace_back();
    event.seq = seq;
    event.type = users::UserEvent::Type::kPostsChanged;
    event.user.id = user_id;
    changes.on_batch(batch);
  }
  // Runs `watch` beside the script and ends it after that.
  template <class Script>
  Task<absl::Status> during(Script script) {
    auto first = co_await select(watch(), script());
    co_return first.index() == 0 ? std::get<0>(first) : absl::OkStatus();
  }

  std::int64_t seq = 0;
  CountingSources sources;
  Client client;
  DashboardService service{sources};
  UserChanges changes;
  CancellationToken draining;
  DashboardWatch watcher{service, changes, draining};
};

using Names = std::vector<std::string>;

ASYNC_TEST(WatchDashboard, SendsItAtOnceAndAfterEachChange) {
  Watched watched;
  const auto script = [&]() -> Task<void> {
    (void)co_await sleep(100ms);
    watched.change();
    (void)co_await sleep(100ms);
    watched.change(43);  // somebody else
    (void)co_await sleep(100ms);
    watched.change();
    (void)co_await sleep(100ms);
  };
  (void)co_await watched.during(script);
  EXPECT_EQ(watched.client.names, (Names{"0", "1", "3"}));
}

ASYNC_TEST(WatchDashboard, ReadsAgainWhatItHadToLeaveOut) {
  Watched watched;
  watched.sources.failing_posts = 2;
  const auto script = [&]() -> Task<void> { (void)co_await sleep(std::chrono::hours(1)); };
  (void)co_await watched.during(script);
  EXPECT_EQ(watched.client.missing, (std::vector<int>{1, 1, 0}));
}

ASYNC_TEST(WatchDashboard, ThatCannotBeReadInTimeMayBeTriedAgain) {
  Watched watched;
  watched.sources.takes = std::chrono::minutes(1);
  const absl::Status ended = co_await watched.watch();
  EXPECT_TRUE(absl::IsUnavailable(ended)) << ended;
}

ASYNC_TEST(WatchDashboard, ReadsAgainIfItChangedWhileItWasRead) {
  Watched watched;
  const auto script = [&]() -> Task<void> {
    (void)co_await sleep(5ms);
    watched.change();
    (void)co_await sleep(100ms);
  };
  (void)co_await watched.during(script);
  EXPECT_EQ(watched.client.names, (Names{"0", "1"}));
}

ASYNC_TEST(WatchDashboard, ASlowReaderSkipsToTheLatest) {
  Watched watched;
  watched.client.takes = 100ms;
  const auto script = [&]() -> Task<void> {
    for (int i = 0; i < 50; ++i) {
      (void)co_await sleep(2ms);
      watched.change();
    }
    (void)co_await sleep(500ms);
  };
  (void)co_await watched.during(script);
  EXPECT_EQ(watched.client.names.front(), "0");
  EXPECT_EQ(watched.client.names.back(), "50");
  EXPECT_EQ(watched.client.names.size(), 2);
}

ASYNC_TEST(WatchDashboard, EndsWhenTheUserIsGone) {
  Watched watched;
  const auto script = [&]() -> Task<void> {
    (void)co_await sleep(100ms);
    watched.sources.user_exists = false;
    watched.change();
    (void)co_await sleep(100ms);
  };
  const absl::Status status = co_await watched.during(script);
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
}

ASYNC_TEST(WatchDashboard, TheDrainEndsIt) {
  Watched watched;
  const auto script = [&]() -> Task<void> {
    (void)co_await sleep(100ms);
    watched.draining.cancel();
    (void)co_await sleep(100ms);
  };
  const absl::Status status = co_await watched.during(script);
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_EQ(reason_of(status), "DRAINING");
}

TEST(UserChanges, EverybodyIsToldWhenEventsWereRemovedUnread) {
  UserChanges changes;
  UserChanges::Subscription subscription = changes.subscribe(42);
  users::EventBatch batch;
  batch.after = 100;
  batch.upto = 101;
  changes.on_batch(batch);
  EXPECT_EQ(subscription.changes().get(), 100);
}

}  // namespace
}  // namespace weir::dashboard
