// SPDX-License-Identifier: Apache-2.0
// Errors are values. co_await or_return(...) yields the value, or ends the coroutine with the
// error. Rust: the ? operator, .context(...), enum AppError.
#include <map>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "async/or_return.h"
#include "async/task.h"

namespace weir::examples {
namespace {

using User = std::string;
using Posts = std::vector<std::string>;

Task<absl::StatusOr<User>> find_user(int id) {
  if (id != 1) co_return absl::NotFoundError(absl::StrCat("there is no user ", id));
  co_return "Ada";
}

Task<absl::StatusOr<Posts>> list_posts(int id) {
  if (id != 1) co_return absl::UnavailableError("the database is away; try again");
  co_return Posts({"On the Analytical Engine", "Note G"});
}

// [question-mark]
Task<absl::StatusOr<std::string>> describe(int id) {
  const User user = co_await or_return(find_user(id));     // ends here if there is no such user
  const Posts posts = co_await or_return(list_posts(id));  // or here, whatever went wrong
  co_return absl::StrCat(user, " wrote ", posts.size(), " posts");
}
// [question-mark]

// A code says what the caller can do about it, the message what happened: to add to it, make
// another. anyhow: .context("...").
Task<absl::StatusOr<std::string>> describe_for_report(int id) {
  absl::StatusOr<std::string> text = co_await describe(id);
  if (text.ok()) co_return text;
  const absl::Status& error = text.status();
  co_return absl::Status(error.code(), absl::StrCat("the report of ", id, ": ", error.message()));
}

// An error that is an answer: handle it where it means something, pass on the others.
Task<absl::StatusOr<bool>> exists(int id) {
  const absl::StatusOr<User> user = co_await find_user(id);
  if (absl::IsNotFound(user.status())) co_return false;
  co_await or_return(user.status());
  co_return true;
}

}  // namespace

Task<void> example_03_errors(std::ostream& out) {
  out << (co_await describe(1)).value() << "\n";
  out << (co_await describe(2)).status() << "\n";
  out << (co_await describe_for_report(2)).status() << "\n";
  out << "exists(2): " << (co_await exists(2)).value() << "\n";
}

}  // namespace weir::examples

// Output:
// Ada wrote 2 posts
// NOT_FOUND: there is no user 2
// NOT_FOUND: the report of 2: there is no user 2
// exists(2): 0
