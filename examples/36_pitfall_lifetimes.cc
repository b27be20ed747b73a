// SPDX-License-Identifier: Apache-2.0
// Pitfall: what a coroutine refers to must live until it ends. Rust's compiler checks; here you do.
// Tokio: "borrowed value does not live long enough", `async move`, the 'static bound of spawn.
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "async/join_set.h"
#include "async/sleep.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

// A parameter lives in the coroutine's frame, what it refers to does not. Take by value what the
// caller may not keep: with `const std::string&` the spawned task below would read a dead string.
Task<std::string> greet(std::string name) {
  (void)co_await sleep(1ms);
  co_return "hello " + name;
}

// A reference is right where the caller awaits: it stands still until the task has ended.
Task<void> append(std::string& to, std::string what) {
  (void)co_await sleep(1ms);
  to += what;
}

// A lambda's captures live in the lambda, not in the frame of the coroutine that it makes:
//     Task<int> task = [n]() -> Task<int> { co_await ...; co_return n; }();  // n is gone
// So give the lambda itself to spawn, with_scope or run_on, which own it; or give it a name that
// lives longer; or hand over what it needs as arguments, which are in the frame.
Task<int> sum_of_lambdas() {
  JoinSet<int> set(co_await this_task());
  auto owned = std::make_unique<int>(1);
  set.spawn([held = std::move(owned)]() -> Task<int> {
    (void)co_await sleep(1ms);
    co_return *held;
  });
  set.spawn([](int n) -> Task<int> { co_return n; }, 2);
  int sum = 0;
  while (const std::optional<int> one = co_await set.join_next()) sum += *one;
  co_return sum;
}

}  // namespace

Task<void> example_36_pitfall_lifetimes(std::ostream& out) {
  JoinSet<std::string> set(co_await this_task());
  set.spawn(greet(std::string("Ada")));
  while (const auto greeting = co_await set.join_next()) out << *greeting << "\n";

  std::string text = "a";
  co_await append(text, "b");
  out << text << "\n";
  out << "sum: " << co_await sum_of_lambdas() << "\n";
}

}  // namespace weir::examples

// Output:
// hello Ada
// ab
// sum: 3
