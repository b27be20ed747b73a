// SPDX-License-Identifier: Apache-2.0
// What a Connection gathers: the order of it, a client that does not take it, the end. Over real
// sockets, and without gRPC: in every build, whatever gRPC is linked to.

#include "server/rpc/connection.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "server/rpc/turn_writes.h"
#include "tests/rpc/inbox.h"

namespace weir::rpc {
namespace {

using test::eventually;

// Both ends of a TCP connection whose buffers are small; the server's does not block.
class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest() {
    const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof(address);
    EXPECT_EQ(bind(listening, any, length), 0);
    EXPECT_EQ(listen(listening, 1), 0);
    getsockname(listening, any, &length);
    client_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int small = 4096;
    setsockopt(client_, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    EXPECT_EQ(connect(client_, any, length), 0);
    const int fd = accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    close(listening);
    connection_ = std::make_shared<Connection>(fd, epoll_);
    epoll_->add(fd, Connection::kEndEvents);
  }
  ~ConnectionTest() override { close(client_); }

  ssize_t send(std::string_view bytes, TurnWrites* turn) const {
    // In two pieces, as gRPC's messages come in several.
    std::array<iovec, 2> pieces{
        {{const_cast<char*>(bytes.data()), bytes.size() / 2},
         {const_cast<char*>(bytes.data()) + bytes.size() / 2, bytes.size() - bytes.size() / 2}}};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    return connection_->send(message, MSG_NOSIGNAL, turn);
  }
  // Until the socket takes no more, nor the connection; returns what was taken.
  std::string send_until_full(TurnWrites* turn) const {
    std::string taken;
    for (int i = 0;; ++i) {
      std::string piece(777, static_cast<char>('a' + i % 26));
      const ssize_t sent = send(piece, turn);
      if (sent < 0) {
        EXPECT_EQ(errno, EAGAIN);
        return taken;
      }
      taken += piece.substr(0, static_cast<std::size_t>(sent));
      EXPECT_LT(taken.size(), 100'000'000u);
    }
  }

  bool has_input(int wait_ms = 0) const {
    pollfd readable{client_, POLLIN, 0};
    return poll(&readable, 1, wait_ms) == 1;
  }
  std::string receive(std::size_t bytes) const {
    std::string all;
    std::array<char, 4096> piece;
    while (all.size() < bytes && has_input(20'000)) {
      const ssize_t got = read(client_, piece.data(), std::min(piece.size(), bytes - all.size()));
      if (got <= 0) break;
      all.append(piece.data(), static_cast<std::size_t>(got));
    }
    return all;
  }
  bool is_at_end() const {
    char none = 0;
    return has_input(20'000) && read(client_, &none, 1) == 0;
  }

  // What the acceptor's thread does: what waits leaves when the socket is writable.
  std::thread serve_until_end() {
    return std::thread([this] {
      for (;;) {
        epoll_event event{};
        if (epoll_wait(epoll_->fd(), &event, 1, 20'000) != 1) {
          ADD_FAILURE() << "nothing happened";
          return;
        }
        if (!connection_->take_events(event.events)) return;
      }
    });
  }

  const std::shared_ptr<const Epoll> epoll_ = std::make_shared<const Epoll>();
  int client_ = -1;
  std::shared_ptr<Connection> connection_;
};

TEST_F(ConnectionTest, OutsideATurnBytesLeaveAtOnce) {
  EXPECT_EQ(send("at once", nullptr), 7);
  EXPECT_EQ(receive(7), "at once");
}

TEST_F(ConnectionTest, InATurnBytesLeaveAtItsEndAndInOrder) {
  TurnWrites turn;
  EXPECT_EQ(send("first ", &turn), 6);
  EXPECT_EQ(send("second ", &turn), 7);
  EXPECT_FALSE(has_input(20));
  turn.flush();
  EXPECT_EQ(receive(13), "first second ");
}

TEST_F(ConnectionTest, WhatIsWrittenOutsideATurnComesAfterWhatWasGathered) {
  TurnWrites turn;
  send("first ", &turn);
  send("second ", nullptr);
  EXPECT_EQ(receive(13), "first second ");
  turn.flush();
  EXPECT_FALSE(has_input(20)) << "and only once";
}

TEST_F(ConnectionTest, MoreThanIsGatheredLeavesInOrder) {
  std::thread acceptor = serve_until_end();
  TurnWrites turn;
  std::string all;
  std::thread sender([&] {
    for (int i = 0; i < 80; ++i) {
      std::string piece(static_cast<std::size_t>(i) * 211, static_cast<char>('a' + i % 26));
      all += piece;
      for (std::string_view rest = piece; !rest.empty();) {
        const ssize_t sent = send(rest, &turn);
        if (sent > 0) rest.remove_prefix(static_cast<std::size_t>(sent));
      }
      if (i % 7 == 0) turn.flush();
    }
    turn.flush();
  });
  constexpr std::size_t kAll = 211u * 79 * 80 / 2;
  const std::string got = receive(kAll);
  sender.join();
  EXPECT_EQ(got.size(), all.size());
  EXPECT_TRUE(got == all);
  connection_->shut_down(SHUT_RDWR);
  acceptor.join();
}

TEST_F(ConnectionTest, AClientThatTakesNothingIsBackpressure) {
  TurnWrites turn;
  const std::string taken = send_until_full(&turn);
  turn.flush();
  EXPECT_EQ(send("more", nullptr), -1);
  EXPECT_EQ(errno, EAGAIN);
  std::thread acceptor = serve_until_end();
  EXPECT_TRUE(receive(taken.size()) == taken) << "what was taken leaves without another write";
  EXPECT_TRUE(eventually([&] { return send("more", nullptr) == 4; }));
  EXPECT_EQ(receive(4), "more");
  connection_->shut_down(SHUT_RDWR);
  acceptor.join();
}

TEST_F(ConnectionTest, WhatWasTakenLeavesBeforeTheEnd) {
  TurnWrites turn;
  send("last words", &turn);
  connection_->shut_down(SHUT_RDWR);
  EXPECT_EQ(receive(10), "last words");
  EXPECT_TRUE(is_at_end());
  turn.flush();
}

TEST_F(ConnectionTest, WhatWasTakenLeavesBeforeTheEndAlsoToASlowClient) {
  TurnWrites turn;
  const std::string taken = send_until_full(&turn);
  connection_->shut_down(SHUT_RDWR);
  connection_->end();
  turn.flush();
  std::thread acceptor = serve_until_end();
  EXPECT_TRUE(receive(taken.size()) == taken);
  EXPECT_TRUE(is_at_end());
  acceptor.join();
}

// It says that it sends no more, and still takes what it is sent.
TEST_F(ConnectionTest, WhatWasTakenLeavesToAClientThatHasSaidItsLast) {
  TurnWrites turn;
  const std::string taken = send_until_full(&turn);
  turn.flush();
  std::thread acceptor = serve_until_end();
  shutdown(client_, SHUT_WR);
  ASSERT_TRUE(eventually([&] { return connection_->is_closed(); }));
  connection_->shut_down(SHUT_RDWR);
  connection_->end();
  EXPECT_TRUE(receive(taken.size()) == taken);
  EXPECT_TRUE(is_at_end());
  acceptor.join();
}

TEST_F(ConnectionTest, AtTheVeryEndASlowClientIsWaitedFor) {
  TurnWrites turn;
  const std::string taken = send_until_full(&turn);
  turn.flush();
  std::string got;
  std::thread client([&] { got = receive(taken.size()); });
  connection_->flush_until(std::chrono::steady_clock::now() + test::kPatience);
  client.join();
  EXPECT_TRUE(got == taken);
  send_until_full(nullptr);
  const auto limit = std::chrono::steady_clock::now() + std::chrono::milliseconds(30);
  connection_->flush_until(limit);  // and not for ever
}

TEST_F(ConnectionTest, AClientThatIsGoneIsAnErrorAndNoWait) {
  TurnWrites turn;
  send_until_full(&turn);
  close(std::exchange(client_, -1));
  turn.flush();
  EXPECT_TRUE(eventually([&] { return send("x", nullptr) < 0 && errno != EAGAIN; }));
  connection_->end();
}

TEST_F(ConnectionTest, OutlivesItsOwnersUntilTheTurnEnds) {
  TurnWrites turn;
  send("last words", &turn);
  const std::weak_ptr<Connection> alive = connection_;
  connection_.reset();
  EXPECT_FALSE(alive.expired());
  turn.flush();
  EXPECT_TRUE(alive.expired());
  EXPECT_EQ(receive(10), "last words");
}

std::string line_of(char name) {
  std::string line(41, name);
  line.back() = '\n';
  return line;
}

// Two loops answer on one connection: what each writes stays whole.
TEST_F(ConnectionTest, TwoThreadsShareIt) {
  constexpr int kLines = 3000;
  std::thread acceptor = serve_until_end();
  const auto write_lines = [&](char name) {
    TurnWrites turn;
    const std::string line = line_of(name);
    for (int i = 0; i < kLines; ++i) {
      while (send(line, &turn) < 0) turn.flush();
      if (i % 10 == 9) turn.flush();
    }
    turn.flush();
  };
  std::vector<std::thread> writers;
  writers.emplace_back(write_lines, 'a');
  writers.emplace_back(write_lines, 'b');
  const std::string got = receive(2u * kLines * 41);
  for (std::thread& writer : writers) writer.join();
  int whole = 0;
  for (std::size_t at = 0; at + 41 <= got.size(); at += 41) {
    const std::string_view line = std::string_view(got).substr(at, 41);
    whole += line == line_of(line[0]) ? 1 : 0;
  }
  EXPECT_EQ(whole, 2 * kLines);
  connection_->shut_down(SHUT_RDWR);
  acceptor.join();
}

}  // namespace
}  // namespace weir::rpc
