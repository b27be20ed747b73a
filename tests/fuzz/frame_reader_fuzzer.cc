// SPDX-License-Identifier: Apache-2.0
// What looks at a client's HTTP/2 frames: in whatever pieces they come, they are judged the same,
// and what it counts adds up. The first byte says how much of the rest the server has sent.

#include "server/rpc/frame_reader.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "tests/fuzz/fuzzer.h"

namespace {

constexpr weir::TimePoint kNow{std::chrono::hours(1)};

// Small, so that short inputs reach them.
weir::rpc::FrameLimits limits() { return {.header_block_bytes = 256, .streams = 8}; }

std::optional<weir::rpc::Abuse> read(weir::rpc::FrameReader& reader, absl::string_view bytes,
                                     std::size_t piece) {
  while (!bytes.empty()) {
    const absl::string_view next = bytes.substr(0, piece);
    if (const auto abuse = reader.read(next.data(), next.size(), kNow, nullptr)) return abuse;
    weir::fuzz::must(reader.unfinished_bytes() < (std::size_t{1} << 32));  // not below zero
    bytes.remove_prefix(next.size());
  }
  return std::nullopt;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  if (size == 0) return 0;
  const absl::string_view all = fuzz::text_of(data, size).substr(1);
  const std::size_t sent = all.size() * data[0] / 256;
  const absl::string_view incoming = all.substr(sent);
  rpc::FrameReader whole(limits());
  rpc::FrameReader pieces(limits());
  const auto verdict = read(whole, incoming, std::max<std::size_t>(1, incoming.size()));
  fuzz::must(read(pieces, incoming, 3).has_value() == verdict.has_value());
  if (verdict) return 0;
  fuzz::must(whole.frames() == pieces.frames());
  fuzz::must(whole.unfinished_bytes() == pieces.unfinished_bytes());
  fuzz::must(whole.unfinished_bytes() <= incoming.size());
  fuzz::must(whole.knows_settings() == pieces.knows_settings());

  whole.wrote(all.data(), sent);
  for (const char& byte : all.substr(0, sent)) pieces.wrote(&byte, 1);
  fuzz::must(whole.may_write_frame() == pieces.may_write_frame());
  fuzz::must(whole.unfinished_bytes() == pieces.unfinished_bytes());
  return 0;
}
