// SPDX-License-Identifier: Apache-2.0
#pragma once

// Call: one RPC under way, and as much of its answer as is looked at.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/gload/clock.h"

namespace weir::gload {

struct Answer {
  int http_status = 0;
  int grpc_status = -1;
  std::uint64_t bytes = 0;           // of the body, gRPC's five bytes of frame header included
  std::array<char, 32> beginning{};  // the first of them

  std::string_view known() const {
    return {beginning.data(), bytes < beginning.size() ? bytes : beginning.size()};
  }
};

class Connection;

// Used again and again, for what it holds costs an allocation each time.
struct Call {
  Connection* connection = nullptr;
  Nanos start = 0;         // when it was sent, or, at a fixed rate, when it should have been
  std::string request;     // a gRPC frame
  std::size_t sent = 0;    // bytes of it
  std::int64_t asked = 0;  // the id whose user should be the (first) one in the answer
  Answer answer;
};

}  // namespace weir::gload
