// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/inflate.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <random>
#include <string>

#include "absl/status/statusor.h"
#include "server/status/details.h"

namespace weir::rpc {
namespace {

constexpr std::size_t kInflatedLimit = 4 << 20;
constexpr int kBits = 15;

std::string compress(const std::string& bytes, Compression compression = Compression::kGzip) {
  z_stream stream{};
  const int bits = compression == Compression::kGzip ? kBits + 16 : kBits;
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, bits, 9, Z_DEFAULT_STRATEGY),
            Z_OK);
  std::string made(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(made.data());
  stream.avail_out = static_cast<uInt>(made.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  made.resize(stream.total_out);
  deflateEnd(&stream);
  return made;
}

// In pieces of so many bytes.
absl::StatusOr<std::string> inflate_all(absl::string_view bytes, std::size_t limit = kInflatedLimit,
                                        std::size_t piece = 1000,
                                        Compression compression = Compression::kGzip) {
  Inflater inflater(compression, limit);
  while (!bytes.empty()) {
    const absl::Status status = inflater.add(bytes.substr(0, piece));
    if (!status.ok()) return status;
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  const absl::Status status = inflater.finish();
  if (!status.ok()) return status;
  return inflater.take();
}

std::string noise(std::size_t bytes, unsigned seed) {
  std::mt19937 random(seed);
  std::string made(bytes, '\0');
  for (char& byte : made) byte = static_cast<char>(random());
  return made;
}

TEST(Inflate, GivesBackWhatWasCompressed) {
  for (const Compression compression : {Compression::kGzip, Compression::kDeflate}) {
    for (const std::size_t bytes : {0UL, 1UL, 100UL, 16UL << 10, (16UL << 10) + 1, 1UL << 20}) {
      for (const std::string& text : {noise(bytes, 1), std::string(bytes, 'x')}) {
        for (const std::size_t piece : {1UL, 7UL, 16UL << 10}) {
          const auto got =
              inflate_all(compress(text, compression), kInflatedLimit, piece, compression);
          ASSERT_TRUE(got.ok()) << got.status();
          EXPECT_TRUE(*got == text) << bytes;
        }
      }
    }
  }
}

TEST(Inflate, TheLimitIsExact) {
  for (const std::size_t bytes : {1UL, 1000UL, 16UL << 10, 1UL << 20}) {
    const std::string sent = compress(std::string(bytes, 'x'));
    EXPECT_TRUE(inflate_all(sent, bytes).ok()) << bytes;
    EXPECT_TRUE(absl::IsResourceExhausted(inflate_all(sent, bytes - 1).status())) << bytes;
  }
}

std::int64_t most_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;  // KiB
}

TEST(Inflate, OfABombNoMoreIsMadeThanTheLimit) {
  z_stream stream{};
  ASSERT_EQ(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kBits + 16, 9, 0), Z_OK);
  const std::string zeros(1 << 20, '\0');
  std::string bomb(1 << 20, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(bomb.data());
  stream.avail_out = static_cast<uInt>(bomb.size());
  for (int i = 0; i < 128; ++i) {  // 128 MiB
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zeros.data()));
    stream.avail_in = static_cast<uInt>(zeros.size());
    ASSERT_EQ(deflate(&stream, i == 127 ? Z_FINISH : Z_NO_FLUSH), i == 127 ? Z_STREAM_END : Z_OK);
  }
  bomb.resize(stream.total_out);
  deflateEnd(&stream);

  const std::int64_t before = most_memory();
  const absl::Status status = inflate_all(bomb, kInflatedLimit, bomb.size()).status();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(status::detail_of<google::rpc::ErrorInfo>(status)->reason(), "MESSAGE_TOO_LARGE");
  EXPECT_LT(most_memory() - before, 32 << 10);
}

TEST(Inflate, WhatIsMissingIsInvalid) {
  const std::string sent = compress(noise(2000, 2));
  for (std::size_t bytes = 1; bytes < sent.size(); ++bytes) {
    EXPECT_TRUE(absl::IsInvalidArgument(inflate_all(sent.substr(0, bytes)).status())) << bytes;
  }
}

TEST(Inflate, WhatComesAfterTheEndIsInvalid) {
  const std::string sent = compress("text");
  for (const std::string& more : {std::string("x"), sent}) {
    for (const std::size_t piece : {1UL, 1000UL}) {
      const absl::Status status = inflate_all(sent + more, kInflatedLimit, piece).status();
      EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    }
  }
}

TEST(Inflate, NothingIsAnEmptyMessage) { EXPECT_EQ(*inflate_all(""), ""); }

TEST(Inflate, TheOtherFormatIsInvalid) {
  const std::string gzip = compress("text");
  EXPECT_TRUE(absl::IsInvalidArgument(
      inflate_all(gzip, kInflatedLimit, 1000, Compression::kDeflate).status()));
  const std::string zlib = compress("text", Compression::kDeflate);
  EXPECT_TRUE(absl::IsInvalidArgument(inflate_all(zlib).status()));
}

TEST(Inflate, EveryChangedByteIsFound) {
  const std::string text = noise(300, 3);
  const std::string sent = compress(text);
  for (std::size_t at = 0; at < sent.size(); ++at) {
    std::string changed = sent;
    changed[at] = static_cast<char>(changed[at] ^ 0x40);
    const auto got = inflate_all(changed);
    // Some bytes of gzip's header, as the time, say nothing about the text.
    EXPECT_TRUE(!got.ok() || *got == text) << at;
  }
}

TEST(Inflate, NoiseIsInvalid) {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    const std::string sent = noise(200, seed);
    EXPECT_TRUE(absl::IsInvalidArgument(inflate_all(sent).status())) << seed;
    // The same behind a header that is right.
    const std::string behind = compress("").substr(0, 10) + sent;
    EXPECT_FALSE(inflate_all(behind, 1000).ok()) << seed;
  }
}

}  // namespace
}  // namespace weir::rpc
