// SPDX-License-Identifier: Apache-2.0
#pragma once

// Resolver: finds the address of a host name without holding up the thread that asks. hiredis would
// call getaddrinfo where it stands, and with it every command's deadline would wait for DNS.
//
// Asked anew for each attempt to connect, because a name moves when Redis does.

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace weir::redis {

class Resolver {
 public:
  // `wake_fd`, an eventfd, is written to when an answer is there.
  Resolver(std::string host, int wake_fd);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Begins to look, unless it is looking already.
  void ask();
  // The answer, once: an address as digits.
  std::optional<absl::StatusOr<std::string>> take_answer();

 private:
  struct Question;

  const std::string host_;
  const bool is_address_;
  const int wake_fd_;
  std::shared_ptr<Question> question_;
};

}  // namespace weir::redis
