// SPDX-License-Identifier: Apache-2.0
#pragma once

// UserWatch: weir.users.v1.UserService.WatchUsers.
//
// A watch reads what it missed from the table, page by page as its client takes it, and then
// follows the feed. It remembers one number, the seq of the last event it sent; the same number is
// in the resume_tokens, so a client may come back to any replica. How a watch ends:
//
//   OUT_OF_RANGE WATCH_TOO_SLOW        the client fell behind by more than the feed keeps at hand.
//                                      With its last token it may go on, if it has become faster.
//   OUT_OF_RANGE RESUME_TOKEN_EXPIRED  events after the token are gone: list, then watch anew.
//   INVALID_ARGUMENT                   a token that was not given out.
//   UNAVAILABLE DRAINING               this server shuts down: go on elsewhere with the last token.
//
// A watch without a token begins with what is committed after it was called; something committed
// just before may be among it.
//
// Thread: any; what it is made of must outlive it.

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "async/cancellation.h"
#include "async/semaphore.h"
#include "async/task.h"
#include "rpc/stream.h"
#include "server/postgres/pool.h"
#include "server/users/user_feed.h"
#include "weir/users/v1/users.pb.h"

namespace weir::users {

class UserWatch {
 public:
  // Watches end when `draining` is cancelled.
  UserWatch(UserFeed& feed, postgres::Pool& pool, const ResumeTokens& tokens,
            CancellationToken draining)
      : feed_(feed), pool_(pool), tokens_(tokens), draining_(std::move(draining)) {}

  Task<absl::Status> watch_users(const v1::WatchUsersRequest& request,
                                 rpc::Writer<v1::UserEvent>& writer);

 private:
  class Follower;
  Task<absl::StatusOr<std::int64_t>> where_to_begin(const v1::WatchUsersRequest& request);

  UserFeed& feed_;
  postgres::Pool& pool_;
  const ResumeTokens& tokens_;
  const CancellationToken draining_;
  // Of all watches, so that a thousand that resume at once leave the pool to the others.
  Semaphore reading_{4};
};

}  // namespace weir::users
