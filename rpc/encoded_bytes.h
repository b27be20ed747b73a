// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is inside an Encoded<T>.

#include <grpcpp/support/byte_buffer.h>

#include "rpc/encoded.h"

namespace weir::rpc::detail {

struct EncodedBytes {
  grpc::ByteBuffer buffer;
};

}  // namespace weir::rpc::detail
