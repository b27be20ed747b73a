// SPDX-License-Identifier: Apache-2.0
// A program: a loop on main's own thread runs one task to its end.
// Tokio: #[tokio::main(flavor = "current_thread")], block_on.
#include <iostream>
#include <string>

#include "async/sleep.h"
#include "async/task.h"
#include "async/thread_loop.h"

namespace {

using namespace std::chrono_literals;

// A coroutine: it begins when it is awaited, and gives its thread away wherever it waits.
weir::Task<std::string> fetch(std::string url) {
  const absl::Status slept = co_await weir::sleep(1ms);
  co_return slept.ok() ? "data from " + url : slept.ToString();
}

weir::Task<int> serve() {
  const std::string data = co_await fetch("https://api.example.com");
  std::cout << "got " << data << "\n";

  // Nothing has run yet when a task is made: it is a value until it is awaited, once.
  weir::Task<std::string> later = fetch("https://example.com");
  std::cout << "made another\n";
  std::cout << "got " << co_await std::move(later) << "\n";
  co_return 0;
}

}  // namespace

int main() {
  weir::ThreadLoop loop;
  return loop.run(serve());
}

// Output:
// got data from https://api.example.com
// made another
// got data from https://example.com
