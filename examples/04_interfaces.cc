// SPDX-License-Identifier: Apache-2.0
// An interface whose functions are coroutines, one implementation for tests, one for the service.
// Rust: #[async_trait], dyn Repository.
#include <map>
#include <ostream>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "async/or_return.h"
#include "async/sleep.h"
#include "async/task.h"

namespace weir::examples {
namespace {

using namespace std::chrono_literals;

struct User {
  int id;
  std::string email;
};

// A virtual function that returns a Task: nothing else is needed.
class UserRepository {
 public:
  virtual ~UserRepository() = default;
  virtual Task<absl::StatusOr<User>> find_by_id(int id) = 0;
  virtual Task<absl::Status> save(User user) = 0;
};

class InMemory final : public UserRepository {
 public:
  Task<absl::StatusOr<User>> find_by_id(int id) override {
    const auto found = users_.find(id);
    if (found == users_.end()) co_return absl::NotFoundError("no such user");
    co_return found->second;
  }
  // By value: a parameter lives in the frame, what it refers to does not.
  Task<absl::Status> save(User user) override {
    users_.insert_or_assign(user.id, std::move(user));
    co_return absl::OkStatus();
  }

 private:
  std::map<int, User> users_;
};

// A decorator is another implementation: this one is as slow as a network.
class Remote final : public UserRepository {
 public:
  explicit Remote(UserRepository& behind) : behind_(behind) {}
  Task<absl::StatusOr<User>> find_by_id(int id) override {
    co_await or_return(co_await sleep(20ms));
    co_return co_await behind_.find_by_id(id);
  }
  Task<absl::Status> save(User user) override {
    co_await or_return(co_await sleep(20ms));
    co_return co_await behind_.save(std::move(user));
  }

 private:
  UserRepository& behind_;
};

Task<absl::StatusOr<std::string>> change_email(UserRepository& users, int id, std::string email) {
  User user = co_await or_return(users.find_by_id(id));
  user.email = std::move(email);
  co_await or_return(users.save(user));
  co_return (co_await or_return(users.find_by_id(id))).email;
}

}  // namespace

Task<void> example_04_interfaces(std::ostream& out) {
  InMemory users;
  const User ada{1, "ada@example.com"};
  out << co_await users.save(ada) << "\n";
  Remote remote(users);
  out << (co_await change_email(users, 1, "ada@example.org")).value() << "\n";
  out << (co_await change_email(remote, 1, "ada@example.net")).value() << "\n";
  out << (co_await change_email(remote, 2, "bob@example.net")).status() << "\n";
}

}  // namespace weir::examples

// Output:
// OK
// ada@example.org
// ada@example.net
// NOT_FOUND: no such user
