// SPDX-License-Identifier: Apache-2.0
#include "server/users/event_batch.h"

#include <utility>

#include "server/users/wire.h"

namespace weir::users {
namespace {

v1::UserEvent::Type type_of(UserEvent::Type type) {
  switch (type) {
    case UserEvent::Type::kCreated:
      return v1::UserEvent::CREATED;
    case UserEvent::Type::kUpdated:
      return v1::UserEvent::UPDATED;
    case UserEvent::Type::kDeleted:
      return v1::UserEvent::DELETED;
    default:
      return v1::UserEvent::TYPE_UNSPECIFIED;
  }
}

}  // namespace

std::shared_ptr<const EventBatch> make_batch(std::int64_t after, std::int64_t upto,
                                             std::vector<UserEvent> events,
                                             const ResumeTokens& tokens) {
  auto batch = std::make_shared<EventBatch>();
  batch->after = after;
  batch->upto = upto;
  batch->events = std::move(events);
  v1::UserEvent whole;
  for (const UserEvent& event : batch->events) {
    if (!event.is_about_user()) continue;
    v1::UserEvent& message = *whole.add_events();
    message.set_type(type_of(event.type));
    to_wire(event.user, *message.mutable_user());
    message.set_resume_token(tokens.encode(event.seq));
    batch->messages.push_back({event.seq, rpc::Encoded<v1::UserEvent>(message)});
  }
  if (whole.events_size() > 0) {
    whole.set_resume_token(tokens.encode(upto));
    batch->whole.emplace_back(whole);
  }
  return batch;
}

}  // namespace weir::users
