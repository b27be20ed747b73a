// SPDX-License-Identifier: Apache-2.0
#pragma once

// EventBatch: events that follow on each other, as they go to any number of watches: read once,
// signed and serialized once.
//
// Thread: any; a batch never changes.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rpc/encoded.h"
#include "server/api/page_token.h"
#include "server/users/user_event.h"
#include "weir/users/v1/users.pb.h"

namespace weir::users {

struct EventBatch {
  // There is nothing between `after` and the first event, nor between the last and `upto`, that
  // WatchUsers should send.
  std::int64_t after = 0;
  std::int64_t upto = 0;
  std::vector<UserEvent> events;  // of every type

  struct Message {
    std::int64_t seq;
    rpc::Encoded<v1::UserEvent> encoded;
  };
  std::vector<Message> messages;                   // those that WatchUsers sends, one event each
  std::vector<rpc::Encoded<v1::UserEvent>> whole;  // all of them in one; empty if there is none
};

// What a resume_token says: everything up to this event was seen. Signed, as page tokens are.
class ResumeTokens {
 public:
  // `tokens` must outlive this.
  explicit ResumeTokens(const api::PageTokens& tokens) : tokens_(tokens) {}

  std::string encode(std::int64_t seq) const { return tokens_.encode(kList, seq); }
  // nullopt if it was not given out.
  std::optional<std::int64_t> decode(absl::string_view token) const {
    return tokens_.decode(kList, token);
  }

 private:
  static constexpr char kList[] = "user-events";
  const api::PageTokens& tokens_;
};

std::shared_ptr<const EventBatch> make_batch(std::int64_t after, std::int64_t upto,
                                             std::vector<UserEvent> events,
                                             const ResumeTokens& tokens);

}  // namespace weir::users
