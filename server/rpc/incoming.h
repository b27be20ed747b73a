// SPDX-License-Identifier: Apache-2.0
#pragma once

// Incoming<Request>: a request as it came, parsed or not. gRPC itself answers INTERNAL to bytes
// that do not parse, and a string that is not UTF-8 is enough for that; the fault is the client's,
// so it is told INVALID_ARGUMENT, and which field.

#include <google/protobuf/message.h>
#include <grpcpp/impl/codegen/serialization_traits.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstddef>

#include "absl/status/status.h"

namespace weir::rpc {

class ServerCall;

template <class Request>
struct Incoming {
  Request* message = nullptr;
  ServerCall* call = nullptr;
  absl::Status status = {};
  std::size_t bytes = 0;  // of it, as it came, with its prefix
};

// Parses what has come, and leaves `buffer` empty. It may be compressed. RESOURCE_EXHAUSTED if it
// is too large or has too many fields, or inflates to more than its client may cause,
// INVALID_ARGUMENT if it is no message of that type.
absl::Status read_message(grpc::ByteBuffer& buffer, ServerCall& call,
                          google::protobuf::Message& message);

}  // namespace weir::rpc

template <class Request>
class grpc::SerializationTraits<weir::rpc::Incoming<Request>, void> {
 public:
  // Always OK: whether it parsed is in `incoming`, and the call arrives either way.
  static grpc::Status Deserialize(grpc::ByteBuffer* buffer,
                                  weir::rpc::Incoming<Request>* incoming) {
    constexpr std::size_t kPrefix = 5;
    incoming->bytes = kPrefix + buffer->Length();
    incoming->status = weir::rpc::read_message(*buffer, *incoming->call, *incoming->message);
    return grpc::Status::OK;
  }
};
