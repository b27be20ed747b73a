// SPDX-License-Identifier: Apache-2.0
// The writer, on a pipe whose reader this test is.
#include "server/log/writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace weir::log::detail {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Pipe {
 public:
  explicit Pipe(int flags = 0) { EXPECT_EQ(::pipe2(fds_, O_CLOEXEC | flags), 0); }
  ~Pipe() {
    close_reader();
    if (fds_[1] >= 0) ::close(fds_[1]);
  }
  int writer() const { return fds_[1]; }
  void close_reader() {
    if (fds_[0] >= 0) ::close(std::exchange(fds_[0], -1));
  }
  // What is written until the writer has ended.
  std::vector<std::string> read_all(std::unique_ptr<Writer> writer) {
    std::thread ending([this, &writer] {
      writer.reset();
      ::close(std::exchange(fds_[1], -1));
    });
    std::string all;
    char bytes[65536];
    for (;;) {
      const ssize_t count = ::read(fds_[0], bytes, sizeof(bytes));
      if (count == 0) break;
      if (count > 0) all.append(bytes, static_cast<std::size_t>(count));
    }
    ending.join();
    std::vector<std::string> lines;
    std::istringstream in(all);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

 private:
  int fds_[2] = {-1, -1};
};

std::string numbered(int i) { return std::to_string(i) + std::string(100, '.') + "\n"; }

// Everything that is between is a number, in order, whole.
void expect_in_order(const std::vector<std::string>& lines) {
  int last = -1;
  for (const std::string& line : lines) {
    if (line.front() == '{') continue;
    const int number = std::stoi(line);
    EXPECT_EQ(line + "\n", numbered(number));
    EXPECT_GT(number, last);
    last = number;
  }
}

TEST(LogWriter, WritesInOrderAndFlushWaitsForIt) {
  Pipe pipe;
  auto writer = std::make_unique<Writer>(pipe.writer());
  for (int i = 0; i < 100; ++i) writer->push(numbered(i), false);
  EXPECT_TRUE(writer->flush(seconds(30)));
  const auto lines = pipe.read_all(std::move(writer));
  EXPECT_EQ(lines.size(), 100u);
  expect_in_order(lines);
}

TEST(LogWriter, APipeThatNobodyReadsStopsNobodyAndWhatIsDroppedIsTold) {
  Pipe pipe;
  const Queue::Limits limits{.bytes = 50'000, .lines = 10'000};
  auto writer = std::make_unique<Writer>(pipe.writer(), limits);
  for (int i = 0; i < 100'000; ++i) writer->push(numbered(i), false);  // returns: that is the test
  EXPECT_FALSE(writer->flush(milliseconds(20)));
  const Stats stalled = writer->stats();
  EXPECT_GT(stalled.no_room, 90'000u);
  EXPECT_EQ(stalled.no_room + stalled.lines, 100'000u);

  const auto lines = pipe.read_all(std::move(writer));
  expect_in_order(lines);
  std::uint64_t told = 0;
  std::uint64_t written = 0;
  for (const std::string& line : lines) {
    if (line.front() == '{') {
      told += nlohmann::json::parse(line)["count"].get<std::uint64_t>();
    } else {
      ++written;
    }
  }
  EXPECT_EQ(written, stalled.lines);
  EXPECT_EQ(told, stalled.no_room);
}

TEST(LogWriter, ADescriptorThatSomebodyMadeNonBlockingLosesNothing) {
  Pipe pipe(O_NONBLOCK);
  auto writer = std::make_unique<Writer>(pipe.writer());
  for (int i = 0; i < 5'000; ++i) writer->push(numbered(i), false);
  const auto lines = pipe.read_all(std::move(writer));
  EXPECT_EQ(lines.size(), 5'000u);
  expect_in_order(lines);
}

TEST(LogWriter, AReaderThatIsGoneCostsLinesAndNothingElse) {
  Pipe pipe;
  pipe.close_reader();
  auto writer = std::make_unique<Writer>(pipe.writer());
  for (int i = 0; i < 10; ++i) writer->push(numbered(i), false);
  EXPECT_TRUE(writer->flush(seconds(30)));
  EXPECT_EQ(writer->stats().write_failed, 10u);
  EXPECT_EQ(writer->stats().no_room, 0u);
}

TEST(LogWriter, ManyThreadsLoseNoLine) {
  Pipe pipe;
  auto writer = std::make_unique<Writer>(pipe.writer());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&writer] {
      for (int i = 0; i < 1000; ++i) writer->push(numbered(i), i % 100 == 0);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pipe.read_all(std::move(writer)).size(), 4000u);
}

}  // namespace
}  // namespace weir::log::detail
