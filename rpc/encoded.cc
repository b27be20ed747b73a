// SPDX-License-Identifier: Apache-2.0
#include "rpc/encoded.h"

#include <google/protobuf/message_lite.h>
#include <grpc/slice.h>
#include <grpcpp/impl/grpc_library.h>
#include <grpcpp/support/slice.h>

#include <cstddef>

#include "rpc/encoded_bytes.h"

namespace weir::rpc::detail {

namespace {

// Slices call into gRPC through pointers that nobody sets in a program without a channel or server.
const grpc::internal::GrpcLibraryInitializer grpc_is_there;

SharedBytes share(std::vector<grpc::Slice> slices) {
  auto bytes = std::make_shared<EncodedBytes>();
  bytes->buffer = grpc::ByteBuffer(slices.data(), slices.size());
  for (const grpc::Slice& slice : slices) bytes->size += slice.size();
  bytes->slices = std::move(slices);
  return bytes;
}

}  // namespace

SharedBytes encode(const google::protobuf::MessageLite& message) {
  const std::size_t size = message.ByteSizeLong();
  grpc_slice bytes = grpc_slice_malloc(size);
  message.SerializeWithCachedSizesToArray(GRPC_SLICE_START_PTR(bytes));
  return share({grpc::Slice(bytes, grpc::Slice::STEAL_REF)});
}

std::size_t size_of(const EncodedBytes& bytes) { return bytes.size; }

SharedBytes concatenate(const std::vector<SharedBytes>& parts) {
  std::vector<grpc::Slice> slices;
  for (const SharedBytes& part : parts) {
    slices.insert(slices.end(), part->slices.begin(), part->slices.end());
  }
  return share(std::move(slices));
}

}  // namespace weir::rpc::detail
