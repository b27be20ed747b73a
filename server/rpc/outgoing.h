// SPDX-License-Identifier: Apache-2.0
#pragma once

// Outgoing<T>: a message on its way into a stream, encoded already or not.

#include <grpcpp/impl/codegen/serialization_traits.h>
#include <grpcpp/support/byte_buffer.h>

#include "rpc/encoded_bytes.h"
#include "server/rpc/server_call.h"

namespace weir::rpc {

// Refers to one of the two, and to the call that answers for its bytes.
template <class T>
struct Outgoing {
  const T* message = nullptr;
  const detail::EncodedBytes* encoded = nullptr;
  ServerCall* call = nullptr;
};

}  // namespace weir::rpc

template <class T>
class grpc::SerializationTraits<weir::rpc::Outgoing<T>, void> {
 public:
  static grpc::Status Serialize(const weir::rpc::Outgoing<T>& outgoing, grpc::ByteBuffer* buffer,
                                bool* own_buffer) {
    if (outgoing.encoded != nullptr) {
      *buffer = outgoing.encoded->buffer;  // references to the same bytes
      *own_buffer = true;
      return grpc::Status::OK;
    }
    grpc::Status status = SerializationTraits<T>::Serialize(*outgoing.message, buffer, own_buffer);
    if (status.ok()) outgoing.call->hold(buffer->Length());
    return status;
  }
};
