// SPDX-License-Identifier: Apache-2.0
#pragma once

// BusyQueue: keeps the thread of a completion queue busy inside AsyncNext, as the parsing of a
// flood does, until it is told to stop.

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpcpp/completion_queue.h>

#include <atomic>
#include <optional>
#include <utility>

#include "async/oneshot.h"
#include "async/task.h"
#include "rpc/completion_queue_loop.h"
#include "rpc/tag.h"

namespace weir::rpc::test {

class BusyQueue final : grpc::internal::CompletionQueueTag, Tag {
 public:
  BusyQueue() {
    auto [sender, receiver] = oneshot::channel<bool>();
    sender_.emplace(std::move(sender));
    receiver_.emplace(std::move(receiver));
  }
  ~BusyQueue() override {
    if (channel_ != nullptr) grpc_channel_destroy(channel_);
  }

  // On the loop, which must be a queue's. Returns when its thread has come out.
  Task<void> keep_busy() {
    const Context& context = co_await this_context();
    grpc_channel_credentials* const credentials = grpc_insecure_credentials_create();
    channel_ = grpc_channel_create("127.0.0.1:1", credentials, nullptr);
    grpc_channel_credentials_release(credentials);
    // Over at once: the queue has a completion, and asks its tag what that means.
    grpc_channel_watch_connectivity_state(
        channel_, GRPC_CHANNEL_IDLE, gpr_time_0(GPR_CLOCK_MONOTONIC),
        static_cast<CompletionQueueLoop&>(context.loop()).queue().cq(),
        static_cast<grpc::internal::CompletionQueueTag*>(this));
    (void)co_await receiver_->receive();
  }
  bool is_busy() const { return is_busy_; }
  void stop() { is_stopped_ = true; }

 private:
  bool FinalizeResult(void** tag, bool*) override {
    is_busy_ = true;
    while (!is_stopped_) {
    }
    is_busy_ = false;
    *tag = static_cast<Tag*>(this);
    return true;
  }
  void complete(bool) override { sender_->send(true); }

  grpc_channel* channel_ = nullptr;
  std::optional<oneshot::Sender<bool>> sender_;
  std::optional<oneshot::Receiver<bool>> receiver_;
  std::atomic<bool> is_busy_ = false;
  std::atomic<bool> is_stopped_ = false;
};

}  // namespace weir::rpc::test
