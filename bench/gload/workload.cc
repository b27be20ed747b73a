// SPDX-License-Identifier: Apache-2.0
#include "bench/gload/workload.h"

#include <unistd.h>

#include <array>
#include <ctime>
#include <utility>

#include "bench/gload/wire.h"

namespace weir::gload {
namespace {

constexpr int kBatch = 100;
constexpr std::size_t kFrameHeader = 5;
// An answer shorter than this cannot hold what was asked for.
constexpr std::uint64_t kLeastUser = 40;
constexpr std::uint64_t kLeastDashboard = 2200;  // a user, and ten posts of over 200 bytes

std::uint64_t length_in_header(std::string_view frame) {
  std::uint64_t length = 0;
  for (std::size_t i = 1; i < kFrameHeader; ++i) {
    length = length << 8 | static_cast<std::uint8_t>(frame[i]);
  }
  return length;
}

// User: id = 1.
bool is_user(std::string_view message, std::int64_t id) {
  std::uint64_t found = 0;
  return wire::take_field(message, wire::tag(1, wire::kVarint), found) && std::cmp_equal(found, id);
}

// A message whose field 1 is a user, or a list that begins with one.
bool begins_with_user(std::string_view message, std::int64_t id) {
  std::uint64_t length = 0;
  return wire::take_field(message, wire::tag(1, wire::kBytes), length) && is_user(message, id);
}

}  // namespace

std::optional<Workload> Workload::named(std::string_view name, std::int64_t ids,
                                        std::uint64_t seed) {
  struct Known {
    std::string_view name;
    Kind kind;
    const char* path;
  };
  static constexpr std::array kKnown = {
      Known{"health", Kind::kHealth, "/grpc.health.v1.Health/Check"},
      Known{"get", Kind::kGet, "/weir.users.v1.UserService/GetUser"},
      Known{"batch_get", Kind::kBatchGet, "/weir.users.v1.UserService/BatchGetUsers"},
      Known{"create", Kind::kCreate, "/weir.users.v1.UserService/CreateUser"},
      Known{"verify", Kind::kVerify, "/weir.users.v1.UserService/VerifyPassword"},
      Known{"dashboard", Kind::kDashboard, "/weir.dashboard.v1.DashboardService/GetDashboard"},
  };
  for (const Known& known : kKnown) {
    if (known.name == name) return Workload(known.kind, known.path, ids, seed);
  }
  return std::nullopt;
}

Workload::Workload(Kind kind, std::string path, std::int64_t ids, std::uint64_t seed)
    : kind_(kind),
      path_(std::move(path)),
      ids_(ids),
      random_state_((88172645463325252U ^ seed * 0x9e3779b97f4a7c15U) | 1U),
      email_prefix_("gload-" + std::to_string(std::time(nullptr)) + "-" + std::to_string(getpid()) +
                    "-") {}

// xorshift64*
std::uint64_t Workload::random() {
  random_state_ ^= random_state_ >> 12;
  random_state_ ^= random_state_ << 25;
  random_state_ ^= random_state_ >> 27;
  return random_state_ * 2685821657736338717U;
}

std::int64_t Workload::random_id() {
  __extension__ using Wide = unsigned __int128;
  return 1 + static_cast<std::int64_t>(
                 static_cast<Wide>(random()) * static_cast<std::uint64_t>(ids_) >> 64);
}

void Workload::make_request(Call& call) {
  message_.clear();
  switch (kind_) {
    case Kind::kHealth:
      break;
    case Kind::kGet:
    case Kind::kDashboard:
      call.asked = random_id();
      wire::put_number(message_, 1, static_cast<std::uint64_t>(call.asked));
      break;
    case Kind::kBatchGet:
      packed_.clear();
      call.asked = random_id();
      wire::put_varint(packed_, static_cast<std::uint64_t>(call.asked));
      for (int i = 1; i < kBatch; ++i) {
        wire::put_varint(packed_, static_cast<std::uint64_t>(random_id()));
      }
      wire::put_bytes(message_, 1, packed_);
      break;
    case Kind::kVerify:
      call.asked = random_id();
      wire::put_bytes(message_, 1, "user." + std::to_string(call.asked) + "@example.com");
      wire::put_bytes(message_, 2, "correct horse");
      break;
    case Kind::kCreate:
      wire::put_bytes(message_, 1, "Load Generator");
      wire::put_bytes(message_, 2, email_prefix_ + std::to_string(++emails_) + "@example.com");
      break;
  }
  call.request.assign(1, '\0');  // not compressed
  for (int shift = 24; shift >= 0; shift -= 8) {
    call.request.push_back(static_cast<char>(message_.size() >> shift));
  }
  call.request += message_;
}

bool Workload::is_right(const Call& call) const {
  const Answer& answer = call.answer;
  if (answer.http_status != 200 || answer.grpc_status != 0) return false;
  std::string_view known = answer.known();
  if (known.size() < kFrameHeader || known.front() != '\0') return false;
  const std::uint64_t length = length_in_header(known);
  if (answer.bytes != length + kFrameHeader) return false;
  known.remove_prefix(kFrameHeader);
  std::uint64_t value = 0;
  switch (kind_) {
    case Kind::kHealth:  // SERVING
      return wire::take_field(known, wire::tag(1, wire::kVarint), value) && value == 1;
    case Kind::kGet:
    case Kind::kVerify:
      return length > kLeastUser && is_user(known, call.asked);
    case Kind::kBatchGet:
      return length > kBatch * kLeastUser && begins_with_user(known, call.asked);
    case Kind::kCreate:
      return length > kLeastUser && wire::take_field(known, wire::tag(1, wire::kVarint), value) &&
             value > 0;
    case Kind::kDashboard:
      return length > kLeastDashboard && begins_with_user(known, call.asked);
  }
  return false;
}

}  // namespace weir::gload
