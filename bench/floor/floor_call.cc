// SPDX-License-Identifier: Apache-2.0
#include "bench/floor/floor_call.h"

namespace weir::floor {

void FloorCall::expect(UserService& service, grpc::ServerCompletionQueue& queue) {
  auto* call = new FloorCall(service, queue);
  service.RequestGetUser(&call->context_, &call->request_, &call->responder_, &queue, &queue, call);
}

void FloorCall::proceed(bool ok) {
  if (state_ == State::kFinishing || !ok) {
    delete this;
    return;
  }
  expect(service_, queue_);
  state_ = State::kFinishing;
  // The size of what the service answers with.
  user_.set_id(request_.id());
  user_.set_name("Ada Lovelace");
  user_.set_email("ada.lovelace@example.com");
  user_.mutable_create_time()->set_seconds(1'700'000'000);
  user_.mutable_create_time()->set_nanos(123'456'000);
  user_.mutable_update_time()->set_seconds(1'700'000'000);
  user_.mutable_update_time()->set_nanos(123'456'000);
  user_.set_etag("\"1\"");
  responder_.Finish(user_, grpc::Status::OK, this);
}

}  // namespace weir::floor
