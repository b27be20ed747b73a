// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reader and Writer over gRPC's asynchronous server streams.

#include <optional>
#include <utility>

#include "async/or_return.h"
#include "rpc/operation.h"
#include "rpc/stream.h"
#include "server/rpc/incoming.h"
#include "server/rpc/outgoing.h"
#include "server/rpc/server_call.h"
#include "server/rpc/stream_operation.h"

namespace weir::rpc::detail {

// After a read that is not ok: OK if the client has sent everything, else why the call is dead.
//
// A read is not ok in both cases, and what a client had sent when it died must not be taken for
// everything. The done tag of a dead call comes at about the same time, but with several loops
// maybe a moment later; sending the initial metadata tells at once, for a dead call takes none.
template <class Stream>
Task<absl::Status> why_no_message(Stream& stream, ServerCall& call) {
  if (call.context().is_cancelled()) co_return call.context().status();
  if (call.has_written()) co_return absl::OkStatus();
  call.about_to_write();
  const bool alive =
      co_await operation("initial metadata", [&](void* tag) { stream.SendInitialMetadata(tag); });
  co_return alive ? absl::OkStatus() : call.gone();
}

template <class Stream, class T>
class StreamReader final : public Reader<T> {
 public:
  StreamReader(Stream& stream, ServerCall& call) : stream_(stream), call_(call) {}

  Task<absl::StatusOr<std::optional<T>>> read() override {
    if (at_end_) co_return std::optional<T>();
    if (!is_reading_) {
      is_reading_ = true;
      read_.start([&](void* tag) { stream_.Read(&incoming_, tag); });
    }
    {
      const ServerCall::ClientOwes owes(call_, ServerCall::Owes::kMessage);
      co_await or_return(co_await read_.ended());
    }
    is_reading_ = false;
    if (read_.ok()) {
      call_.message_came(incoming_.bytes);
      // For gRPC a message that does not parse is like the end of the stream; it is not.
      if (!incoming_.status.ok()) {
        co_return call_.accept(std::exchange(incoming_.status, absl::OkStatus()));
      }
      co_return std::optional<T>(std::move(message_));
    }
    co_await or_return(co_await why_no_message(stream_, call_));
    at_end_ = true;
    co_return std::optional<T>();
  }

  // To be awaited after Finish, which ends the read that is still under way, if there is one.
  StreamOperation::Ended last_read() { return read_.ended(); }

 private:
  Stream& stream_;
  ServerCall& call_;
  StreamOperation read_{"read"};
  bool is_reading_ = false;
  bool at_end_ = false;
  T message_;
  Incoming<T> incoming_{&message_, &call_};
};

template <class Stream, class T>
class StreamWriter final : public Writer<T> {
 public:
  StreamWriter(Stream& stream, ServerCall& call) : stream_(stream), call_(call) {}

  Task<absl::Status> write(const T& message) override {
    // Serializes the message at once, so `message` need not outlive this wait.
    return start([this, &message](void* tag) { stream_.Write({&message, nullptr, &call_}, tag); });
  }
  Task<absl::Status> write(const Encoded<T>& message) override {
    return start(
        [this, &message](void* tag) { stream_.Write({nullptr, &message.bytes(), &call_}, tag); });
  }
  Task<absl::Status> begin() override {
    if (call_.has_written()) return nothing();  // a read to the end has sent it
    return start([this](void* tag) { stream_.SendInitialMetadata(tag); });
  }

  // To be awaited before Finish, under a EndLimit.
  StreamOperation::Ended last_write() { return write_.ended(); }

 private:
  static Task<absl::Status> nothing() { co_return absl::OkStatus(); }

  template <class Begin>
  Task<absl::Status> start(Begin begin) {
    const ServerCall::ClientOwes owes(call_, ServerCall::Owes::kRoom);
    // A write that was given up may still be under way.
    co_await or_return(co_await write_.ended());
    if (call_.context().is_cancelled()) co_return call_.context().status();
    if (!write_.ok()) co_return call_.gone();
    if (call_.client_holds_too_much()) co_return call_.refuse_answer();
    call_.about_to_write();
    write_.start(begin);
    co_await or_return(co_await write_.ended());
    if (!write_.ok()) co_return call_.gone();
    call_.hold(0);
    co_return absl::OkStatus();
  }

  Stream& stream_;
  ServerCall& call_;
  StreamOperation write_{"write"};
};

}  // namespace weir::rpc::detail
