// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reader<T> and Writer<T>: the two directions of a streaming call, as a handler sees them. Tokio:
// tonic's Streaming<T> and the sender half of a ReceiverStream.
//
//     while (std::optional<Item> item = co_await or_return(reader.read())) ...
//     co_await or_return(writer.write(result));
//
// Backpressure: read() asks for a message only when called, and write() ends when the transport
// took the message. Both end with CANCELLED or DEADLINE_EXCEEDED once the call has ended.
//
// Trap: one read and one write at a time; a reader and a writer may be used by two child tasks.
// Thread: the call's loop.

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "async/task.h"
#include "rpc/encoded.h"

namespace weir::rpc {

template <class T>
class Reader {
 public:
  // The next message, or nullopt when the sender has finished.
  virtual Task<absl::StatusOr<std::optional<T>>> read() = 0;

 protected:
  ~Reader() = default;
};

template <class T>
class Writer {
 public:
  virtual Task<absl::Status> write(const T& message) = 0;
  // The same for what many streams are sent: serialized once, not once for each.
  virtual Task<absl::Status> write(const Encoded<T>& message) = 0;
  // Tells the other side now that its call is being served, if the first message may take long. For
  // gRPC: the initial metadata. Only before the first write.
  virtual Task<absl::Status> begin() = 0;

 protected:
  ~Writer() = default;
};

}  // namespace weir::rpc
