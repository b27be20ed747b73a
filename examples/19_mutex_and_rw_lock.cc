// SPDX-License-Identifier: Apache-2.0
// State that several tasks share, where a message will not do.
// Tokio: tokio::sync::{Mutex, RwLock}, Arc.
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "async/join.h"
#include "async/mutex.h"
#include "async/or_return.h"
#include "async/rw_lock.h"
#include "async/sleep.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

// The value is inside: one cannot touch it and forget the lock.
Task<absl::Status> count_up(Mutex<int>& counter) {
  auto guard = co_await or_return(co_await counter.lock());
  const int before = *guard;
  co_await or_return(co_await sleep(1ms));  // nobody comes in between, also across an await
  *guard = before + 1;
  co_return absl::OkStatus();
}

// Many read, one writes. An unordered map behind a std::mutex is the better cache if no lookup
// waits for anything: see async/mutex.h.
class Cache {
 public:
  Task<absl::StatusOr<std::optional<std::string>>> get(std::string key) {
    const auto entries = co_await or_return(co_await entries_.read());
    const auto found = entries->find(key);
    if (found == entries->end()) co_return std::nullopt;
    co_return found->second;
  }
  Task<absl::Status> set(std::string key, std::string value) {
    auto entries = co_await or_return(co_await entries_.write());
    entries->insert_or_assign(std::move(key), std::move(value));
    co_return absl::OkStatus();
  }

 private:
  RwLock<std::map<std::string, std::string>> entries_;
};

}  // namespace

Task<void> example_19_mutex_and_rw_lock(std::ostream& out) {
  Mutex<int> counter(0);
  std::vector<Task<absl::Status>> counting;
  for (int i = 0; i < 10; ++i) counting.push_back(count_up(counter));
  for (const absl::Status& status : co_await join_all(std::move(counting))) {
    if (!status.ok()) out << status << "\n";
  }
  const auto guard = co_await counter.lock();
  out << "counted " << **guard << "\n";

  Cache cache;
  const absl::Status set = co_await cache.set("ada", "lovelace");
  out << set << ": " << (co_await cache.get("ada")).value().value_or("nothing") << "\n";
}

}  // namespace weir::examples

// Output:
// counted 10
// OK: lovelace
