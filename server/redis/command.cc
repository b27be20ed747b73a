// SPDX-License-Identifier: Apache-2.0
#include "server/redis/command.h"

#include <array>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/redis/inbox.h"

namespace weir::redis {

void Command::begin_span() {
  const absl::string_view name = request_.name();
  span_ = std::make_unique<Span>(context(), name, Span::Kind::kClient);
  span_->set("db.system.name", "redis");
  span_->set("db.operation.name", name);
}

bool Command::submit() {
  absl::Status refused = inbox_.submit(*this);
  if (refused.ok()) return true;  // it is the I/O thread's now, status_ included
  status_ = std::move(refused);
  return false;
}

void Command::on_cancel(CancelReason reason) { inbox_.request_cancel(*this, reason); }

absl::StatusOr<Reply> Command::finish() {
  if (suspended_) context().loop().outside_work_ended();
  ended();
  if (span_ != nullptr) {
    span_->end_with(status_);
    span_.reset();
  }
  if (!status_.ok()) return std::move(status_);
  return std::move(reply_);
}

Get::Get(Inbox& inbox, absl::string_view key, std::source_location where) : Command(inbox, where) {
  request_.encode(std::array<absl::string_view, 2>{"GET", key});
}

absl::StatusOr<std::optional<std::string>> Get::await_resume() {
  absl::StatusOr<Reply> reply = finish();
  if (!reply.ok()) return std::move(reply).status();
  return to_optional_string(*std::move(reply));
}

Set::Set(Inbox& inbox, absl::string_view key, absl::string_view value, Duration ttl,
         std::source_location where)
    : Command(inbox, where) {
  if (ttl <= Duration::zero()) {
    request_.encode(std::array<absl::string_view, 3>{"SET", key, value});
    return;
  }
  const std::string ms = absl::StrCat(std::chrono::ceil<std::chrono::milliseconds>(ttl).count());
  request_.encode(std::array<absl::string_view, 5>{"SET", key, value, "PX", ms});
}

absl::Status Set::await_resume() {
  absl::StatusOr<Reply> reply = finish();
  return reply.ok() ? to_ok(*reply) : std::move(reply).status();
}

Del::Del(Inbox& inbox, absl::string_view key, std::source_location where) : Command(inbox, where) {
  request_.encode(std::array<absl::string_view, 2>{"DEL", key});
}

absl::StatusOr<std::int64_t> Del::await_resume() {
  absl::StatusOr<Reply> reply = finish();
  if (!reply.ok()) return std::move(reply).status();
  return to_integer(*reply);
}

Call::Call(Inbox& inbox, absl::Span<const absl::string_view> command, std::source_location where)
    : Command(inbox, where) {
  request_.encode(command);
}

absl::StatusOr<Reply> Call::await_resume() {
  absl::StatusOr<Reply> reply = finish();
  if (!reply.ok()) return reply;
  if (reply->kind == Reply::Kind::kError) return to_status(*reply);
  return reply;
}

}  // namespace weir::redis
