// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/frame_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace weir::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload = "") {
  std::string out;
  for (const int shift : {16, 8, 0}) out += static_cast<char>(payload.size() >> shift);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(stream >> shift);
  return out.append(payload);
}

std::string message(std::size_t size) {
  std::string out(1, '\0');
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(size >> shift);
  return out.append(size, 'm');
}

std::string headers(std::uint32_t stream) {
  return frame(Frame::kHeaders, Frame::kEndHeaders, stream, "headers");
}
std::string data(std::uint32_t stream, std::string_view bytes, bool ends = false) {
  return frame(Frame::kData, ends ? Frame::kEndStream : 0, stream, bytes);
}
std::string call(std::uint32_t stream) { return headers(stream) + data(stream, message(10), true); }
std::string reset(std::uint32_t stream) {
  return frame(Frame::kRstStream, 0, stream, std::string_view("\0\0\0\x08", 4));
}

class FrameReaderTest : public ::testing::Test {
 protected:
  FrameReaderTest() {
    EXPECT_EQ(send(kPreface), std::nullopt);
    EXPECT_EQ(send(frame(Frame::kSettings, 0, 0)), std::nullopt);
  }
  std::optional<Abuse> send(std::string_view bytes) {
    return reader_.read(bytes.data(), bytes.size(), now_, &account_);
  }
  void acknowledge() {
    answer(frame(Frame::kSettings, 0, 0));
    (void)send(frame(Frame::kSettings, Frame::kAck, 0));
  }
  void answer(std::string_view bytes) { reader_.wrote(bytes.data(), bytes.size()); }
  std::uint32_t next_stream() {
    const std::uint32_t stream = stream_;
    stream_ += 2;
    return stream;
  }

  ClientAccount account_{"somebody", ClientLimits{}};
  FrameReader reader_{FrameLimits{}};
  TimePoint now_{std::chrono::hours(1)};
  std::uint32_t stream_ = 1;
};

TEST_F(FrameReaderTest, ABusyClientMeetsNoBound) {
  acknowledge();
  for (int i = 0; i < 100'000; ++i) {
    const std::uint32_t stream = next_stream();
    std::string turn = call(stream);
    // One call in ten is hedged, and for each answer a window is widened, twice.
    if (i % 10 == 0) turn += reset(stream);
    for (const std::uint32_t of : {std::uint32_t{0}, stream}) {
      turn += frame(Frame::kWindowUpdate, 0, of, "size");
    }
    ASSERT_EQ(send(turn), std::nullopt) << i;
  }
  EXPECT_EQ(reader_.unfinished_bytes(), 0u);
}

TEST_F(FrameReaderTest, AClientWhoseCallsAllTimeOutMeetsNone) {
  acknowledge();
  for (int second = 0; second < 60; ++second) {
    std::uint32_t first = stream_;
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(send(call(next_stream())), std::nullopt);
    now_ += seconds(1);
    for (; first < stream_; first += 2) ASSERT_EQ(send(reset(first)), std::nullopt) << second;
  }
}

TEST_F(FrameReaderTest, AStreamOfSmallMessagesMeetsNone) {
  acknowledge();
  (void)send(headers(1));
  for (int i = 0; i < 100'000; ++i) ASSERT_EQ(send(data(1, message(3))), std::nullopt) << i;
  EXPECT_EQ(reader_.unfinished_bytes(), 0u);
}

TEST_F(FrameReaderTest, AReaderOfMuchMayWidenItsWindow) {
  acknowledge();
  (void)send(call(1));
  const std::string answer_bytes = data(1, std::string(4096, 'a'));
  for (int i = 0; i < 100'000; ++i) {
    answer(answer_bytes);
    ASSERT_EQ(send(frame(Frame::kWindowUpdate, 0, 1, "size")), std::nullopt) << i;
  }
}

// As Go's client: one small call after the other, and for each answer a PING.
TEST_F(FrameReaderTest, AClientThatMeasuresTheConnectionMeetsNone) {
  acknowledge();
  for (int i = 0; i < 100'000; ++i) {
    const std::uint32_t stream = next_stream();
    ASSERT_EQ(send(call(stream)), std::nullopt) << i;
    answer(data(stream, message(10)));
    answer(frame(Frame::kHeaders, Frame::kEndStream | Frame::kEndHeaders, stream, "trailers"));
    ASSERT_EQ(
        send(frame(Frame::kWindowUpdate, 0, 0, "size") + frame(Frame::kPing, 0, 0, "12345678")),
        std::nullopt)
        << i;
  }
}

TEST_F(FrameReaderTest, ResetsOfWhatIsAnsweredAreFree) {
  acknowledge();
  for (int i = 0; i < 100'000; ++i) {
    const std::uint32_t stream = next_stream();
    ASSERT_EQ(send(headers(stream)), std::nullopt) << i;
    answer(frame(Frame::kHeaders, Frame::kEndStream | Frame::kEndHeaders, stream, "trailers") +
           reset(stream));
    ASSERT_EQ(send(reset(stream)), std::nullopt) << i;
  }
}

TEST_F(FrameReaderTest, ResetsOfWhatHasNotBegun) {
  std::optional<Abuse> abuse;
  for (int i = 0; i < 30'000 && !abuse; ++i) abuse = send(reset(1001));
  EXPECT_EQ(abuse, Abuse::kControlFrames);
}

TEST_F(FrameReaderTest, StreamsOfTheServersNumbersAreNoCalls) {
  acknowledge();
  std::optional<Abuse> abuse;
  for (std::uint32_t i = 1; i < 30'000 && !abuse; ++i) abuse = send(headers(2 * i));
  EXPECT_EQ(abuse, Abuse::kControlFrames);
}

TEST_F(FrameReaderTest, EndsOfStreamsThatThereAreNot) {
  std::optional<Abuse> abuse;
  for (int i = 0; i < 110'000 && !abuse; ++i) abuse = send(data(1, "", true));
  EXPECT_EQ(abuse, Abuse::kDataFrames);
}

TEST_F(FrameReaderTest, WhatIsOnItsWayToAStreamThatIsResetIsNotHeld) {
  acknowledge();
  for (int i = 0; i < 10'000; ++i) {
    const std::uint32_t stream = next_stream();
    ASSERT_EQ(send(headers(stream)), std::nullopt) << i;
    answer(frame(Frame::kHeaders, Frame::kEndStream | Frame::kEndHeaders, stream, "trailers") +
           reset(stream));
    ASSERT_EQ(send(data(stream, message(1000).substr(0, 500))), std::nullopt) << i;
    ASSERT_EQ(reader_.unfinished_bytes(), 0u) << i;
  }
}

TEST_F(FrameReaderTest, HeadersWithoutEnd) {
  (void)send(frame(Frame::kHeaders, 0, 1, std::string(16 << 10, 'h')));
  EXPECT_EQ(send(frame(Frame::kContinuation, 0, 1, std::string(16 << 10, 'h'))),
            Abuse::kHeaderBlock);
}

TEST_F(FrameReaderTest, HeadersInCrumbs) {
  (void)send(frame(Frame::kHeaders, 0, 1, "h"));
  std::optional<Abuse> abuse;
  for (int i = 0; i < 20 && !abuse; ++i) abuse = send(frame(Frame::kContinuation, 0, 1));
  EXPECT_EQ(abuse, Abuse::kContinuations);
}

TEST_F(FrameReaderTest, RapidReset) {
  acknowledge();
  std::optional<Abuse> abuse;
  int resets = 0;
  for (; resets < 10'000 && !abuse; ++resets) {
    const std::uint32_t stream = next_stream();
    abuse = send(call(stream) + reset(stream));
  }
  EXPECT_EQ(abuse, Abuse::kResets);
  EXPECT_GE(resets, 850);
}

TEST_F(FrameReaderTest, MoreStreamsThanAreAllowedBeforeTheSettingsAreKnown) {
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(send(headers(next_stream())), std::nullopt);
  EXPECT_EQ(send(headers(next_stream())), Abuse::kStreams);
}

// gRPC 1.51 takes such an acknowledgement for one of its defaults, which allow any number.
TEST_F(FrameReaderTest, SettingsAreNotKnownBeforeTheyAreSent) {
  (void)send(frame(Frame::kSettings, Frame::kAck, 0));
  answer(frame(Frame::kSettings, 0, 0));
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(send(headers(next_stream())), std::nullopt);
  EXPECT_EQ(send(headers(next_stream())), Abuse::kStreams);
}

TEST_F(FrameReaderTest, KnowsWhenGrpcTellsTheClientToCalmDown) {
  std::string goaway(8, '\0');
  goaway[7] = 2;  // INTERNAL_ERROR
  answer(frame(Frame::kGoaway, 0, 0, goaway));
  EXPECT_EQ(reader_.was_told_to_calm_down(), std::nullopt);
  goaway[7] = 11;
  answer(frame(Frame::kGoaway, 0, 0, goaway + "Buffers full"));
  EXPECT_EQ(reader_.was_told_to_calm_down(), Abuse::kMemory);
  for (const char byte : frame(Frame::kGoaway, 0, 0, goaway + "too_many_pings")) {
    answer(std::string_view(&byte, 1));
  }
  EXPECT_EQ(reader_.was_told_to_calm_down(), Abuse::kPings);
}

TEST_F(FrameReaderTest, FramesThatBelongToNoCall) {
  const std::string kinds[] = {frame(Frame::kSettings, 0, 0),
                               frame(Frame::kPing, 0, 0, "12345678"),
                               frame(Frame::kPing, Frame::kAck, 0, "12345678"),
                               frame(Frame::kPriority, 0, 1, "12345"),
                               frame(Frame::kWindowUpdate, 0, 0, "size"),
                               frame(0x2a, 0, 0, std::string(16'000, 'x')),
                               data(1, "", false)};
  for (const std::string& kind : kinds) {
    ClientAccount account("somebody", ClientLimits{});
    FrameReader reader{FrameLimits{}};
    const std::string start = std::string(kPreface) + headers(1);
    (void)reader.read(start.data(), start.size(), now_, &account);
    std::optional<Abuse> abuse;
    for (int i = 0; i < 200'000 && !abuse; ++i) {
      abuse = reader.read(kind.data(), kind.size(), now_, &account);
    }
    EXPECT_TRUE(abuse.has_value()) << "frame type " << static_cast<int>(kind[3]);
  }
}

// Whoever opens a connection after the other has no more than who has one.
TEST_F(FrameReaderTest, TheConnectionsOfOneClientShareWhatItHas) {
  int resets = 0;
  for (int i = 0; i < 1000; ++i) {
    FrameReader reader{FrameLimits{}};
    std::string bytes(kPreface);
    for (std::uint32_t stream = 1; stream < 200; stream += 2) {
      bytes += call(stream) + reset(stream);
    }
    if (!reader.read(bytes.data(), bytes.size(), now_, &account_)) resets += 100;
  }
  EXPECT_GE(resets, 500);
  EXPECT_LE(resets, 3000);
}

TEST_F(FrameReaderTest, WhatAClientHasRefills) {
  const std::string ping = frame(Frame::kPing, Frame::kAck, 0, "12345678");
  for (int second = 0; second < 100; ++second) {
    for (int i = 0; i < 900; ++i) ASSERT_EQ(send(ping), std::nullopt);
    now_ += seconds(1);
  }
}

TEST_F(FrameReaderTest, WhatAClientHasRefillsHoweverOftenItIsLookedAt) {
  acknowledge();
  // 130 calls a second that are all taken back: of 65 the calls pay, of 65 the time does.
  for (int i = 0; i < 130 * 60; ++i) {
    const std::uint32_t stream = next_stream();
    ASSERT_EQ(send(call(stream) + reset(stream)), std::nullopt) << i;
    for (int part = 0; part < 4; ++part) {
      now_ += std::chrono::microseconds(1'923);
      (void)send("");
    }
  }
}

TEST_F(FrameReaderTest, CountsWhatIsUnfinished) {
  (void)send(headers(1) + headers(3));
  (void)send(data(1, message(1000).substr(0, 500)));
  EXPECT_EQ(reader_.unfinished_bytes(), 500u);
  (void)send(data(3, message(1000).substr(0, 3)));
  EXPECT_EQ(reader_.unfinished_bytes(), 503u);
  (void)send(data(1, message(1000).substr(500) + message(20) + message(7).substr(0, 6)));
  EXPECT_EQ(reader_.unfinished_bytes(), 3u + 6u);
  (void)send(data(1, message(7).substr(6), true));
  EXPECT_EQ(reader_.unfinished_bytes(), 3u);
  (void)send(reset(3));
  EXPECT_EQ(reader_.unfinished_bytes(), 0u);
}

// 64 bytes keep the buffer of 64 KiB that they came in.
TEST_F(FrameReaderTest, CountsTheBuffersThatPiecesKeep) {
  constexpr std::uint64_t kBuffer = 64 << 10;
  acknowledge();
  (void)send(headers(1) + headers(3) + data(3, message(60'000), true));
  const std::string piece = message(100'000).substr(0, 64);
  EXPECT_EQ(reader_.buffer_bytes(), 0u);
  (void)send(data(1, piece));
  EXPECT_GE(reader_.buffer_bytes(), kBuffer);
  stream_ = 5;
  for (std::size_t i = 2; i < 20; ++i) {
    const std::uint32_t stream = next_stream();
    // Of the whole message, which comes in two parts, nothing stays.
    (void)send(headers(stream) + data(stream, message(60'000).substr(0, 40'000)));
    (void)send(data(stream, message(60'000).substr(40'000), true));
    (void)send(data(1, piece));
    EXPECT_GE(reader_.buffer_bytes(), (i - 2) * kBuffer);
  }
  (void)send(reset(1));
  EXPECT_EQ(reader_.buffer_bytes(), 0u);
}

// A large message takes its size, and its neighbours nothing in addition.
TEST_F(FrameReaderTest, ManyLargeMessagesTakeTheirSize) {
  acknowledge();
  for (std::uint32_t stream = 1; stream < 20; stream += 2) (void)send(headers(stream));
  const std::string part = message(1 << 20).substr(0, 16'000);
  for (int i = 0; i < 50; ++i) {
    for (std::uint32_t stream = 1; stream < 20; stream += 2) (void)send(data(stream, part));
  }
  EXPECT_LT(reader_.buffer_bytes(), reader_.unfinished_bytes() * 11 / 10);
}

TEST_F(FrameReaderTest, CountsWholeMessagesOfCallsThatAreHere) {
  constexpr std::uint64_t kFree = FrameReader::kFree;
  (void)send(headers(1) + headers(3) + headers(5));
  (void)send(data(1, message(kFree - 5)));
  EXPECT_EQ(reader_.whole_bytes(), 0u);
  (void)send(data(1, message(1000)));
  EXPECT_EQ(reader_.whole_bytes(), 1005u);
  (void)send(data(3, message(8000) + message(8000), true));
  EXPECT_EQ(reader_.whole_bytes(), 1005u + 16'010u - kFree) << "until it is answered";
  answer(frame(Frame::kHeaders, Frame::kEndStream | Frame::kEndHeaders, 3, "trailers"));
  EXPECT_EQ(reader_.whole_bytes(), 1005u);
  (void)send(reset(1));
  EXPECT_EQ(reader_.whole_bytes(), 0u);
  (void)send(data(5, message(10'000).substr(0, 9000)));
  EXPECT_EQ(reader_.whole_bytes(), 0u);
}

TEST_F(FrameReaderTest, HeadersThatAreNoCallCostTheirBytes) {
  acknowledge();
  (void)send(call(1));
  std::optional<Abuse> abuse;
  int sent = 0;
  const std::string block(16'000, 'h');
  for (; sent < 1000 && !abuse; ++sent) {
    abuse = send(frame(Frame::kHeaders, Frame::kEndHeaders, 1, block));
  }
  EXPECT_EQ(abuse, Abuse::kControlFrames);
  EXPECT_LT(sent, 100);
}

TEST_F(FrameReaderTest, AfterGoawayThereAreNoCalls) {
  acknowledge();
  (void)send(call(1));
  answer(frame(Frame::kGoaway, 0, 0, std::string_view("\0\0\0\1\0\0\0\0", 8)));
  std::optional<Abuse> abuse;
  stream_ = 3;
  for (int i = 0; i < 30'000 && !abuse; ++i) abuse = send(headers(next_stream()));
  EXPECT_EQ(abuse, Abuse::kControlFrames);
}

TEST_F(FrameReaderTest, KnowsThatThereWereTooManyCallsWhenGrpcHasEndedThem) {
  acknowledge();
  for (int i = 0; i < 1000; ++i) (void)send(call(next_stream()));
  EXPECT_FALSE(reader_.has_had_too_many_streams());
  (void)send(call(next_stream()));
  for (std::uint32_t stream = 1; stream < stream_; stream += 2) {
    answer(frame(Frame::kHeaders, Frame::kEndStream | Frame::kEndHeaders, stream, "trailers"));
  }
  EXPECT_TRUE(reader_.has_had_too_many_streams());
}

// gRPC answers what its client takes back as well.
TEST_F(FrameReaderTest, RapidResetOfWhatIsAnsweredAllTheSame) {
  acknowledge();
  std::optional<Abuse> abuse;
  for (int i = 0; i < 10'000 && !abuse; ++i) {
    const std::uint32_t stream = next_stream();
    abuse = send(call(stream) + reset(stream));
    answer(frame(Frame::kHeaders, Frame::kEndStream | Frame::kEndHeaders, stream, "trailers"));
  }
  EXPECT_EQ(abuse, Abuse::kResets);
}

TEST_F(FrameReaderTest, WhatTheServerHasEndedIsFinished) {
  (void)send(headers(1) + headers(3));
  (void)send(data(1, message(1000).substr(0, 500)) + data(3, message(100).substr(0, 50)));
  answer(frame(Frame::kHeaders, Frame::kEndStream | Frame::kEndHeaders, 1, "trailers"));
  EXPECT_EQ(reader_.unfinished_bytes(), 50u);
  answer(reset(3));
  EXPECT_EQ(reader_.unfinished_bytes(), 0u);
}

TEST_F(FrameReaderTest, PaddingIsNoMessage) {
  (void)send(headers(1));
  const std::string padded = std::string(1, '\x04') + message(10) + std::string(4, '\0');
  (void)send(frame(Frame::kData, Frame::kPadded, 1, padded));
  EXPECT_EQ(reader_.unfinished_bytes(), 0u);
  (void)send(frame(Frame::kData, Frame::kPadded, 1, std::string_view("\xff", 1)));
  (void)send(frame(Frame::kData, Frame::kPadded, 1));
  EXPECT_EQ(reader_.unfinished_bytes(), 0u);
}

TEST_F(FrameReaderTest, KnowsWhereItMayWriteAFrame) {
  const std::string two = data(1, "answer") + data(1, "more");
  EXPECT_TRUE(reader_.may_write_frame());
  answer(std::string_view(two).substr(0, 17));
  EXPECT_FALSE(reader_.may_write_frame());
  answer(std::string_view(two).substr(17));
  EXPECT_TRUE(reader_.may_write_frame());
}

// The same, however the bytes are cut.
TEST_F(FrameReaderTest, PiecesMakeNoDifference) {
  acknowledge();
  std::string all;
  for (int i = 0; i < 50; ++i) {
    const std::uint32_t stream = next_stream();
    all += call(stream) + headers(stream + 1000) + data(stream + 1000, message(300).substr(0, 77));
    stream_ += 1000;
  }
  for (std::size_t piece = 1; piece < 40; ++piece) {
    FrameReader reader{FrameLimits{}};
    const std::string settings = frame(Frame::kSettings, 0, 0);
    reader.wrote(settings.data(), settings.size());
    (void)reader.read(kPreface.data(), kPreface.size(), now_, &account_);
    for (std::size_t at = 0; at < all.size(); at += piece) {
      const std::size_t size = std::min(piece, all.size() - at);
      ASSERT_EQ(reader.read(all.data() + at, size, now_, &account_), std::nullopt);
    }
    EXPECT_EQ(reader.unfinished_bytes(), 50u * 77) << piece;
    EXPECT_EQ(reader.frames(), 50u * 4) << piece;
  }
}

TEST(FrameReader, WhatIsNotHttp2IsGrpcsBusiness) {
  FrameReader reader{FrameLimits{}};
  const std::string request(100'000, '\0');
  EXPECT_EQ(reader.read(request.data(), request.size(), TimePoint(), nullptr), std::nullopt);
}

}  // namespace
}  // namespace weir::rpc
