// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inflater: the bytes of a compressed message, up to a limit and not beyond it.
//
// Our own and not gRPC's filter, because that inflates the whole message first and asks for its
// size then: 1 MiB of gzip becomes 1 GiB of memory, and this before anybody asks whether the client
// may call at all (grpc 1.51). So the filter is off (server.cc), and a message arrives as it was
// sent.
//
// Trap: what it has made so far stays in `take()` only if every step was OK.

#include <zlib.h>

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace weir::rpc {

// Those of gRPC; "deflate" is zlib's format there, as in HTTP.
enum class Compression : unsigned char { kDeflate, kGzip };

class Inflater {
 public:
  // Makes at most `limit` bytes.
  Inflater(Compression compression, std::size_t limit);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // The next piece. RESOURCE_EXHAUSTED beyond the limit, INVALID_ARGUMENT for what was not
  // compressed so; after an error the rest is not to be given.
  absl::Status add(absl::string_view piece);
  // After the last piece. INVALID_ARGUMENT if something is missing. No bytes at all are an empty
  // message, as they are for gRPC.
  absl::Status finish();
  std::string take() { return std::move(made_); }
  // Bytes that were made, also those of what was broken.
  std::size_t size() const { return size_; }

 private:
  // Makes room behind what is made, one byte more than the limit allows at most.
  void grow();

  const std::size_t limit_;
  z_stream stream_{};
  bool is_ready_ = false;  // false: there was no memory for it
  bool has_begun_ = false;
  bool at_end_ = false;
  std::size_t size_ = 0;  // of made_ that is made
  std::string made_;
};

}  // namespace weir::rpc
