// SPDX-License-Identifier: Apache-2.0
#include "client/call_context.h"

#include "rpc/completion_queue_loop.h"
#include "rpc/status.h"
#include "rpc/timespec.h"
#include "telemetry/propagation.h"

namespace weir::client {

absl::StatusOr<grpc::CompletionQueue*> queue_of(const Context& context) {
  auto* loop = dynamic_cast<rpc::CompletionQueueLoop*>(&context.loop());
  if (loop != nullptr) return &loop->queue();
  return absl::FailedPreconditionError("a call must run on a weir::rpc::CompletionQueueLoop");
}

CallContext::CallContext(const Context& context) : context_(context) {
  if (context.deadline() != kForever) grpc_.set_deadline(rpc::to_timespec(context.deadline()));
  if (context.span() == nullptr) return;
  telemetry::inject(*context.span(), [this](const char* name, const std::string& value) {
    grpc_.AddMetadata(name, value);
  });
}

CallContext::~CallContext() { context_.scope().remove(*this); }

void CallContext::follow_cancellation() { context_.scope().add(*this); }

absl::Status CallContext::status(const grpc::Status& ended) const {
  absl::Status status = rpc::from_grpc(ended);
  const bool by_us = absl::IsCancelled(status) || absl::IsDeadlineExceeded(status);
  return by_us && context_.is_cancelled() ? context_.status() : status;
}

Pushback CallContext::pushback() const {
  const auto& trailers = grpc_.GetServerTrailingMetadata();
  const auto found = trailers.find("grpc-retry-pushback-ms");
  if (found == trailers.end()) return {};
  return Pushback::parse(absl::string_view(found->second.data(), found->second.size()));
}

}  // namespace weir::client
