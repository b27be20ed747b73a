// SPDX-License-Identifier: Apache-2.0
#include "server/redis/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <unistd.h>

#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace weir::redis {
namespace {

bool is_address(const std::string& host) {
  in6_addr address;
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

absl::StatusOr<std::string> look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    return absl::UnavailableError(absl::StrCat("cannot resolve its name: ", ::gai_strerror(error)));
  }
  // As hiredis does: IPv4 first. A Redis that listens to 127.0.0.1 alone is "localhost" to people.
  const addrinfo* chosen = found;
  while (chosen != nullptr && chosen->ai_family != AF_INET) chosen = chosen->ai_next;
  if (chosen == nullptr) chosen = found;
  char digits[NI_MAXHOST] = "";
  ::getnameinfo(chosen->ai_addr, chosen->ai_addrlen, digits, sizeof(digits), nullptr, 0,
                NI_NUMERICHOST);
  ::freeaddrinfo(found);
  return std::string(digits);
}

}  // namespace

struct Resolver::Question {
  std::mutex mutex;
  std::optional<absl::StatusOr<std::string>> answer;
  int wake_fd = -1;  // -1: nobody waits for the answer
};

Resolver::Resolver(std::string host, int wake_fd)
    : host_(std::move(host)), is_address_(is_address(host_)), wake_fd_(wake_fd) {}

Resolver::~Resolver() {
  if (question_ == nullptr) return;
  std::lock_guard lock(question_->mutex);
  question_->wake_fd = -1;
}

void Resolver::ask() {
  if (question_ != nullptr) return;
  question_ = std::make_shared<Question>();
  if (is_address_) {
    question_->answer.emplace(host_);
    return;
  }
  question_->wake_fd = wake_fd_;
  auto look = [host = host_, question = question_] {
    absl::StatusOr<std::string> answer = look_up(host);
    std::lock_guard lock(question->mutex);
    question->answer = std::move(answer);
    const std::uint64_t one = 1;
    if (question->wake_fd < 0) return;
    [[maybe_unused]] const ssize_t written = ::write(question->wake_fd, &one, sizeof(one));
  };
  // Detached, because getaddrinfo can neither be interrupted nor given a deadline. It shares
  // nothing with us but the question.
  try {
    std::thread(std::move(look)).detach();
  } catch (const std::system_error&) {
    question_->answer.emplace(absl::UnavailableError("no thread to resolve its name"));
  }
}

std::optional<absl::StatusOr<std::string>> Resolver::take_answer() {
  if (question_ == nullptr) return std::nullopt;
  std::optional<absl::StatusOr<std::string>> answer;
  {
    std::lock_guard lock(question_->mutex);
    answer = std::exchange(question_->answer, std::nullopt);
  }
  if (answer) question_ = nullptr;
  return answer;
}

}  // namespace weir::redis
