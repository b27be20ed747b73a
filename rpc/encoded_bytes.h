// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is inside an Encoded<T>.

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <cstddef>
#include <vector>

#include "rpc/encoded.h"

namespace weir::rpc::detail {

struct EncodedBytes {
  grpc::ByteBuffer buffer;
  std::vector<grpc::Slice> slices;  // what it is made of
  std::size_t size = 0;             // of all of them, in bytes
};

}  // namespace weir::rpc::detail
