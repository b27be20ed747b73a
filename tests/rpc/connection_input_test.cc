// SPDX-License-Identifier: Apache-2.0
// What a connection's client sends, on its way to gRPC: its turns, and what is held against it.

#include "server/rpc/connection_input.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "server/rpc/epoll.h"

namespace weir::rpc {
namespace {

constexpr std::size_t kTurn = 64 << 10;

// One end of a socket that is watched as gRPC watches its own, and read as it reads: into a buffer
// until that is full, or there is nothing more.
class Turns : public ::testing::Test {
 protected:
  Turns() {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
    ours_ = ends[0];
    client_ = ends[1];
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, ours_, &event);
    input_.watched_by(epoll_.fd(), ours_, event);
  }
  ~Turns() override {
    close(ours_);
    close(client_);
  }

  void keep_full() {
    const std::string bytes(kTurn, 'x');
    while (send(client_, bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) {
    }
  }
  // As gRPC fills a buffer of that size; what it got, empty once it waits for epoll.
  std::size_t fill(std::size_t size) {
    std::string buffer(size, '\0');
    std::size_t got = 0;
    while (got < size) {
      iovec piece{buffer.data() + got, size - got};
      msghdr message{};
      message.msg_iov = &piece;
      message.msg_iovlen = 1;
      const ssize_t count = input_.receive(ours_, message, 0);
      if (count <= 0) break;
      got += static_cast<std::size_t>(count);
      keep_full();
    }
    return got;
  }
  bool is_told() const {
    epoll_event event{};
    return epoll_wait(epoll_.fd(), &event, 1, 0) == 1 && (event.events & EPOLLIN) != 0;
  }

  const Epoll epoll_;
  int ours_ = -1;
  int client_ = -1;
  ConnectionInput input_{nullptr, nullptr};
};

class TurnsOfBuffers : public Turns, public ::testing::WithParamInterface<std::size_t> {};

// A client that is always faster than its reader: others have their turn all the same.
TEST_P(TurnsOfBuffers, EndAndEpollTellsAgain) {
  keep_full();
  ASSERT_TRUE(is_told());
  for (int turn = 0; turn < 20; ++turn) {
    std::size_t got = 0;
    for (std::size_t more = 0; (more = fill(GetParam())) != 0;) {
      got += more;
      ASSERT_LE(got, 2 * kTurn + GetParam()) << "it has no end";
    }
    EXPECT_GE(got, kTurn);
    ASSERT_TRUE(is_told()) << turn;
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, TurnsOfBuffers,
                         ::testing::Values(8 << 10, 64 << 10, 100'000, 256 << 10, 1 << 20));

TEST_F(Turns, EpollForgetsWhatGrpcCloses) {
  keep_full();
  input_.unwatched();
  EXPECT_FALSE(is_told());
  EXPECT_FALSE(input_.read_again());
}

// Of a connection under TLS only bytes are known.
class UnderTls : public ::testing::Test {
 protected:
  void come(std::size_t bytes) {
    std::string some(bytes, 'x');
    iovec piece{some.data(), some.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    abuse_ = input_.look(message, bytes, has_calls_);
  }

  const std::shared_ptr<ClientAccount> account_ =
      std::make_shared<ClientAccount>("somebody", ClientLimits{.bytes = 4 << 20});
  ConnectionInput input_{nullptr, account_};
  std::optional<Abuse> abuse_;
  bool has_calls_ = true;
};

TEST_F(UnderTls, BytesWithoutAMessageAreHeld) {
  for (int i = 0; i < 100 && !abuse_; ++i) come(kTurn);
  EXPECT_EQ(abuse_, Abuse::kBytes);
}

TEST_F(UnderTls, BytesWithoutACallAreFew) {
  has_calls_ = false;
  for (int i = 0; i < 17 && !abuse_; ++i) come(kTurn);
  EXPECT_EQ(abuse_, Abuse::kBytes);
}

TEST_F(UnderTls, MessagesThatComeThroughAreNotHeld) {
  for (int i = 0; i < 1000; ++i) {
    come(kTurn);
    ASSERT_EQ(abuse_, std::nullopt) << i;
    input_.message_came(kTurn);
  }
}

// A message here and there does not excuse another that has no end.
TEST_F(UnderTls, SmallMessagesDoNotExplainABigOne) {
  for (int i = 0; i < 1000 && !abuse_; ++i) {
    come(kTurn);
    input_.call_began();
    input_.message_came(20);
  }
  EXPECT_EQ(abuse_, Abuse::kBytes);
}

// What a client had sent until it heard that its call is refused is no message ever.
TEST_F(UnderTls, UploadsThatAreRefusedAreNotHeld) {
  has_calls_ = false;
  for (int i = 0; i < 1000; ++i) {
    input_.call_began();
    input_.call_was_refused();
    come(60'000);
    ASSERT_EQ(abuse_, std::nullopt) << i;
  }
}

// It acknowledges what it reads, for as long as one call lasts, and sends nothing else.
TEST_F(UnderTls, AReaderOfMuchHoldsNothing) {
  const std::string answer(16 << 10, 'a');
  for (int i = 0; i < 200'000; ++i) {
    input_.wrote(answer.data(), answer.size());
    come(60);
    ASSERT_EQ(abuse_, std::nullopt) << i;
  }
}

}  // namespace
}  // namespace weir::rpc
