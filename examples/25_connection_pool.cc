// SPDX-License-Identifier: Apache-2.0
// Connections are dear: lend them out, take them back, throw away what is broken.
// Tokio: the bb8 and deadpool crates; a Semaphore with a Mutex<Vec<Connection>>.
#include <ostream>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "async/join.h"
#include "async/or_return.h"
#include "async/pool.h"
#include "async/sleep.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

class Connection {
 public:
  explicit Connection(int number) : number_(number) {}
  Task<absl::StatusOr<std::string>> get(std::string key) {
    co_await or_return(co_await sleep(40ms));
    if (key == "poison") co_return absl::DataLossError("the reply makes no sense");
    co_return absl::StrCat(key, " from connection ", number_);
  }

 private:
  int number_;
};

struct Server {
  int connections = 0;
  Task<absl::StatusOr<Connection>> connect() {
    co_await or_return(co_await sleep(20ms));
    co_return Connection(++connections);
  }
};

// [lease]
Task<absl::StatusOr<std::string>> get_value(Pool<Connection>& pool, std::string key) {
  Lease<Connection> connection = co_await or_return(pool.acquire());  // in turn, or UNAVAILABLE
  absl::StatusOr<std::string> value = co_await connection->get(std::move(key));
  if (absl::IsDataLoss(value.status())) connection.discard();  // nobody shall meet it again
  co_return value;
}  // back in the pool, on every path
// [lease]

}  // namespace

Task<void> example_25_connection_pool(std::ostream& out) {
  Server server;
  PoolOptions options;
  options.max = 1;
  options.acquire_timeout = 70ms;
  Pool<Connection> pool(options, [&server] { return server.connect(); });

  const auto [first, second] = co_await join(get_value(pool, "a"), get_value(pool, "b"));
  out << *first << ", " << *second << "\n";
  out << (co_await get_value(pool, "poison")).status() << "\n";
  out << (co_await get_value(pool, "c")).value() << "\n";

  const auto [held, late, later] =
      co_await join(get_value(pool, "d"), get_value(pool, "e"), get_value(pool, "f"));
  const int too_late = !held.ok() + !late.ok() + !later.ok();
  out << too_late << " timed out\n";
  (void)co_await pool.close();
}

}  // namespace weir::examples

// Output:
// a from connection 1, b from connection 1
// DATA_LOSS: the reply makes no sense
// c from connection 2
// 1 timed out
