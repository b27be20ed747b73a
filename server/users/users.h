// SPDX-License-Identifier: Apache-2.0
#pragma once

// Users: all there is for users in one replica, put together: the service, the watch, and what
// other domains read of users.

#include <string>
#include <utility>

#include "async/blocking_pool.h"
#include "server/users/user_service.h"
#include "server/users/user_watch.h"

namespace weir::users {

class Users {
 public:
  struct Options {
    UserRepository::Groups groups;
    AttemptLimit attempts;
  };

  // `standby`, `redis` and `cache` may be null; what is given must outlive this. `secret` hides
  // whose attempts are counted. Watches end when `draining` is cancelled.
  Users(postgres::Pool& pool, postgres::Standby* standby, redis::Client* redis, redis::Cache* cache,
        BlockingPool& hashing, UserFeed& feed, const api::PageTokens& page_tokens,
        const ResumeTokens& resume_tokens, const std::string& secret, CancellationToken draining,
        const Options& options)
      : repository_(pool, options.groups),
        cache_(repository_, cache),
        passwords_(hashing),
        attempts_(redis, secret, options.attempts),
        service_(repository_, cache_, passwords_, attempts_, page_tokens, standby),
        watch_(feed, pool, resume_tokens, std::move(draining)) {}

  UserService& service() { return service_; }
  UserWatch& watch() { return watch_; }
  UserRepository& repository() { return repository_; }
  UserCache& cache() { return cache_; }
  Passwords& passwords() { return passwords_; }

 private:
  UserRepository repository_;
  UserCache cache_;
  Passwords passwords_;
  AttemptLimiter attempts_;
  UserService service_;
  UserWatch watch_;
};

}  // namespace weir::users
