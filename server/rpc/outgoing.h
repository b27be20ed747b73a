// SPDX-License-Identifier: Apache-2.0
#pragma once

// Outgoing<T>: a message on its way into a stream, encoded already or not.

#include <grpcpp/impl/codegen/serialization_traits.h>
#include <grpcpp/support/byte_buffer.h>

#include "rpc/encoded_bytes.h"

namespace weir::rpc {

// Refers to one of the two.
template <class T>
struct Outgoing {
  const T* message = nullptr;
  const detail::EncodedBytes* encoded = nullptr;
};

}  // namespace weir::rpc

template <class T>
class grpc::SerializationTraits<weir::rpc::Outgoing<T>, void> {
 public:
  static grpc::Status Serialize(const weir::rpc::Outgoing<T>& outgoing, grpc::ByteBuffer* buffer,
                                bool* own_buffer) {
    if (outgoing.encoded == nullptr) {
      return SerializationTraits<T>::Serialize(*outgoing.message, buffer, own_buffer);
    }
    *buffer = outgoing.encoded->buffer;  // references to the same bytes
    *own_buffer = true;
    return grpc::Status::OK;
  }
};
