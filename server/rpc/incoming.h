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

template <class Request>
struct Incoming {
  Request* message = nullptr;
  std::size_t max_bytes = 0;  // of the message, once it is inflated
  absl::Status status;
};

// Parses what has come, and leaves `buffer` empty. It may be compressed. RESOURCE_EXHAUSTED if it
// is too large or has too many fields, INVALID_ARGUMENT if it is no message of that type.
absl::Status read_message(grpc::ByteBuffer& buffer, std::size_t max_bytes,
                          google::protobuf::Message& message);

}  // namespace weir::rpc

template <class Request>
class grpc::SerializationTraits<weir::rpc::Incoming<Request>, void> {
 public:
  // Always OK: whether it parsed is in `incoming`, and the call arrives either way.
  static grpc::Status Deserialize(grpc::ByteBuffer* buffer,
                                  weir::rpc::Incoming<Request>* incoming) {
    incoming->status = weir::rpc::read_message(*buffer, incoming->max_bytes, *incoming->message);
    return grpc::Status::OK;
  }
};
