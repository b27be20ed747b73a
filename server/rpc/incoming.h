// SPDX-License-Identifier: Apache-2.0
#pragma once

// Incoming<Request>: a request as it came, parsed or not. gRPC itself answers INTERNAL to bytes
// that do not parse, and a string that is not UTF-8 is enough for that; the fault is the client's,
// so it is told INVALID_ARGUMENT, and which field.

#include <grpcpp/impl/codegen/serialization_traits.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/slice.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/status/malformed_request.h"

namespace weir::rpc {

template <class Request>
struct Incoming {
  Request* message = nullptr;
  absl::Status status;
};

namespace detail {

inline std::string flatten(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

}  // namespace detail
}  // namespace weir::rpc

template <class Request>
class grpc::SerializationTraits<weir::rpc::Incoming<Request>, void> {
 public:
  // Always OK: whether it parsed is in `incoming`, and the call arrives either way.
  static grpc::Status Deserialize(grpc::ByteBuffer* buffer,
                                  weir::rpc::Incoming<Request>* incoming) {
    bool parsed = false;
    {
      grpc::ProtoBufferReader reader(buffer);
      parsed = reader.status().ok() && incoming->message->ParseFromZeroCopyStream(&reader);
    }
    if (!parsed) {
      incoming->status = weir::status::malformed_request(*Request::descriptor(),
                                                         weir::rpc::detail::flatten(*buffer));
    }
    buffer->Clear();
    return grpc::Status::OK;
  }
};
