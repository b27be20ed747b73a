// SPDX-License-Identifier: Apache-2.0
#include "tests/users/watch_stack.h"

#include "absl/strings/str_cat.h"
#include "async/join.h"
#include "async/timeout.h"

namespace weir::users::testing {
namespace {

postgres::Options ringing(postgres::Options options, UserFeed& feed) {
  options.committed = [&feed] { feed.ring(); };
  return options;
}

}  // namespace

std::vector<std::string> Collector::summary() const {
  std::vector<std::string> lines;
  for (const v1::UserEvent& event : events_) {
    lines.push_back(absl::StrCat(v1::UserEvent::Type_Name(event.type()), " ", event.user().name()));
  }
  return lines;
}

FeedOptions quick_feed() {
  FeedOptions options;
  options.poll = std::chrono::milliseconds(20);
  options.pause = std::chrono::milliseconds(1);
  return options;
}

WatchStack::WatchStack(UserDatabase& database, const FeedOptions& options)
    : feed_(database.options(), options, tokens_),
      pool_(ringing(database.options(), feed_)),
      repository_(pool_),
      watch_(feed_, pool_, tokens_, draining_) {}

absl::Status WatchStack::watch(Collector& collector, const std::string& resume_token,
                               bool in_batches) {
  v1::WatchUsersRequest request;
  request.set_resume_token(resume_token);
  request.set_batch(in_batches);
  // The feed looks once the watch waits for it, if it does not do so by itself.
  const auto ring = [&]() -> Task<void> {
    feed_.ring();
    co_return;
  };
  const auto both = [&]() -> Task<absl::Status> {
    auto watched = timeout(std::chrono::seconds(20), watch_.watch_users(request, collector));
    auto [status, rung] = co_await join(std::move(watched), ring());
    co_return status;
  };
  return run(both());
}

std::string WatchStack::token_of_now() {
  Collector collector(0);
  (void)watch(collector, "", true);
  return collector.token();
}

void WatchStack::change(const std::string& name) {
  NewUser user;
  user.name = name;
  user.email = absl::StrCat(name, "@example.com");
  const auto created = run(repository_.create(std::move(user)));
  if (!created.ok()) throw std::runtime_error(created.status().ToString());
}

}  // namespace weir::users::testing
