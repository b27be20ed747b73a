// SPDX-License-Identifier: Apache-2.0
#include "client/request_id.h"

#include <cstdint>
#include <random>

#include "absl/strings/str_format.h"

namespace weir::client {

std::string new_request_id() {
  // The system's own randomness: two replicas started alike must not draw alike.
  std::random_device device;
  const auto draw = [&] { return (std::uint64_t{device()} << 32) | device(); };
  const std::uint64_t high = (draw() & ~std::uint64_t{0xF000}) | 0x4000;  // version 4
  const std::uint64_t low = (draw() & ~(std::uint64_t{3} << 62)) | std::uint64_t{1}
                                                                       << 63;  // variant
  return absl::StrFormat("%08x-%04x-%04x-%04x-%012x", high >> 32, (high >> 16) & 0xFFFF,
                         high & 0xFFFF, low >> 48, low & 0xFFFF'FFFF'FFFF);
}

}  // namespace weir::client
