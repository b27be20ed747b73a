// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is inside an Encoded<T>.

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <vector>

#include "rpc/encoded.h"

namespace weir::rpc::detail {

struct EncodedBytes {
  grpc::ByteBuffer buffer;
  std::vector<grpc::Slice> slices;  // what it is made of
};

}  // namespace weir::rpc::detail
