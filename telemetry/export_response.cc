// SPDX-License-Identifier: Apache-2.0
#include "telemetry/export_response.h"

#include <google/protobuf/io/coded_stream.h>

namespace weir::telemetry {

std::uint64_t rejected_in(absl::string_view response) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(response.data()),
                                            static_cast<int>(response.size()));
  constexpr std::uint32_t kPartialSuccess = 1 << 3 | 2;
  constexpr std::uint32_t kRejectedSpans = 1 << 3;
  std::uint32_t size = 0;
  std::uint64_t rejected = 0;
  if (in.ReadTag() != kPartialSuccess || !in.ReadVarint32(&size)) return 0;
  if (in.ReadTag() != kRejectedSpans || !in.ReadVarint64(&rejected)) return 0;
  return rejected;
}

}  // namespace weir::telemetry
