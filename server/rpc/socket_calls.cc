// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/socket_calls.h"

#include <dlfcn.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <utility>

#include "server/rpc/turn_writes.h"

namespace weir::rpc {
namespace {

// Connections by gRPC's descriptor, in pieces that are made when needed and stay. A slot owns its
// connection. gRPC does not use a descriptor while it closes it, so whoever finds a connection here
// may use it.
using Owned = std::shared_ptr<Connection>;
using Slot = std::atomic<Owned*>;
constexpr std::size_t kPiece = 4096;
constexpr std::size_t kPieces = 256;  // descriptors beyond 2^20 are gRPC's alone
using Piece = std::array<Slot, kPiece>;
constinit std::array<std::atomic<Piece*>, kPieces> pieces{};

Slot* slot_of(int fd) {
  const auto at = static_cast<std::size_t>(fd);
  if (fd < 0 || at / kPiece >= kPieces) return nullptr;
  Piece* const piece = pieces[at / kPiece].load(std::memory_order_acquire);
  return piece == nullptr ? nullptr : &(*piece)[at % kPiece];
}

Connection* connection_of(int fd) {
  const Slot* const slot = slot_of(fd);
  if (slot == nullptr) return nullptr;
  const Owned* const owned = slot->load(std::memory_order_acquire);
  return owned == nullptr ? nullptr : owned->get();
}

void make_piece(int fd) {
  const auto at = static_cast<std::size_t>(fd) / kPiece;
  if (fd < 0 || at >= kPieces || pieces[at].load(std::memory_order_acquire) != nullptr) return;
  auto piece = std::make_unique<Piece>();
  Piece* none = nullptr;
  if (pieces[at].compare_exchange_strong(none, piece.get(), std::memory_order_acq_rel)) {
    (void)piece.release();
  }
}

}  // namespace

void adopt(int fd, std::shared_ptr<Connection> connection) {
  make_piece(fd);
  Slot* const slot = slot_of(fd);
  if (slot == nullptr) return;
  const std::unique_ptr<Owned> before(
      slot->exchange(new Owned(std::move(connection)), std::memory_order_acq_rel));
}

}  // namespace weir::rpc

// The names are the linker's, or libc's.
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier)
#ifdef WEIR_WRAPS_SOCKET_CALLS
#define WEIR_CALL(name) __wrap_##name
#define WEIR_REAL(name) __real_##name
ssize_t __real_sendmsg(int fd, const msghdr* message, int flags);
ssize_t __real_recvmsg(int fd, msghdr* message, int flags);
int __real_epoll_ctl(int epoll, int operation, int fd, epoll_event* event);
int __real_shutdown(int fd, int how);
int __real_close(int fd);
#else
#define WEIR_CALL(name) name
#define WEIR_REAL(name) real_##name()
// The sanitizer's, where it has one: it must see what goes through a descriptor.
#define WEIR_FIND_REAL(name)                                                                      \
  [[gnu::weak]] decltype(::name) __interceptor_##name;                                            \
  static decltype(&::name) real_##name() {                                                        \
    static const auto found = &__interceptor_##name != nullptr                                    \
                                  ? &__interceptor_##name                                         \
                                  : reinterpret_cast<decltype(&::name)>(dlsym(RTLD_NEXT, #name)); \
    return found;                                                                                 \
  }
WEIR_FIND_REAL(sendmsg)
WEIR_FIND_REAL(recvmsg)
WEIR_FIND_REAL(epoll_ctl)
WEIR_FIND_REAL(shutdown)
WEIR_FIND_REAL(close)
#endif

ssize_t WEIR_CALL(sendmsg)(int fd, const msghdr* message, int flags) {
  if (weir::rpc::Connection* const connection = weir::rpc::connection_of(fd)) {
    return connection->send(*message, flags, weir::rpc::TurnWrites::current());
  }
  return WEIR_REAL(sendmsg)(fd, message, flags);
}

ssize_t WEIR_CALL(recvmsg)(int fd, msghdr* message, int flags) {
  if (weir::rpc::Connection* const connection = weir::rpc::connection_of(fd)) {
    return connection->receive(*message, flags);
  }
  return WEIR_REAL(recvmsg)(fd, message, flags);
}

int WEIR_CALL(epoll_ctl)(int epoll, int operation, int fd, epoll_event* event) noexcept {
  if (operation == EPOLL_CTL_ADD && event != nullptr) {
    if (weir::rpc::Connection* const connection = weir::rpc::connection_of(fd)) {
      connection->watched_by(epoll, fd, *event);
    }
  }
  return WEIR_REAL(epoll_ctl)(epoll, operation, fd, event);
}

int WEIR_CALL(shutdown)(int fd, int how) noexcept {
  if (weir::rpc::Connection* const connection = weir::rpc::connection_of(fd)) {
    return connection->shut_down(how);
  }
  return WEIR_REAL(shutdown)(fd, how);
}

int WEIR_CALL(close)(int fd) {
  if (weir::rpc::Slot* const slot = weir::rpc::slot_of(fd)) {
    const std::unique_ptr<weir::rpc::Owned> owned(
        slot->exchange(nullptr, std::memory_order_acq_rel));
    if (owned != nullptr) (*owned)->end();
    // The number is free only when nothing here knows it any more.
    return WEIR_REAL(close)(fd);
  }
  return WEIR_REAL(close)(fd);
}
// NOLINTEND(bugprone-reserved-identifier)
}
