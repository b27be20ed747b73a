// SPDX-License-Identifier: Apache-2.0
#include "rpc/encoded.h"

#include <google/protobuf/message_lite.h>
#include <grpc/slice.h>
#include <grpcpp/support/slice.h>

#include "rpc/encoded_bytes.h"

namespace weir::rpc::detail {

std::shared_ptr<const EncodedBytes> encode(const google::protobuf::MessageLite& message) {
  const std::size_t size = message.ByteSizeLong();
  grpc_slice bytes = grpc_slice_malloc(size);
  message.SerializeWithCachedSizesToArray(GRPC_SLICE_START_PTR(bytes));
  const grpc::Slice slice(bytes, grpc::Slice::STEAL_REF);
  auto encoded = std::make_shared<EncodedBytes>();
  encoded->buffer = grpc::ByteBuffer(&slice, 1);
  return encoded;
}

}  // namespace weir::rpc::detail
