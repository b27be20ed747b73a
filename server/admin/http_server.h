// SPDX-License-Identifier: Apache-2.0
#pragma once

// HttpServer: HTTP/1.1 on one thread that never waits for a client. A connection is one request.
//
// Everything has a bound: bytes of a request (http_request.h), its time, the time for its answer to
// be read, connections, and bytes of answers that nobody has read yet. Whoever is new is let in: if
// there is no room, the client that has been waited for longest leaves, of the address with most
// connections. So half requests and clients that do not read take nothing from the others.
//
// Thread: `handle` and `gone` are called on the server's own, so they must be quick; the functions
// of HttpServer but for `answer` belong to the one that owns it.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "async/time.h"
#include "server/admin/http_connection.h"
#include "server/admin/listen.h"
#include "server/admin/page.h"
#include "server/admin/refusal.h"
#include "server/rpc/epoll.h"

namespace weir::admin {

struct HttpLimits {
  Duration request = std::chrono::seconds(2);  // from the connection to the request's last byte
  Duration answer = std::chrono::seconds(20);  // for the client to read it
  std::size_t connections = 128;
  std::size_t unread_bytes = 32 << 20;  // of all answers together
};

class HttpServer {
 public:
  using Id = std::uint64_t;
  using PagePtr = std::shared_ptr<const Page>;
  // The answer; null: it comes by `answer`.
  using Handle = std::function<PagePtr(Id id, const Request& request, const Peer& peer)>;
  // Who asked does not wait any more.
  using Gone = std::function<void(Id id)>;

  HttpServer(HttpLimits limits, RefusalCounts& refused, Handle handle, Gone gone);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Takes the socket.
  void start(const Listening& listening);
  // Cuts all connections. Before what `handle` refers to goes.
  void stop();

  // To all of `ids` that still wait. Any thread.
  void answer(const std::vector<Id>& ids, const PagePtr& page);

 private:
  using Connections = std::map<Id, std::unique_ptr<HttpConnection>>;
  using Phase = HttpConnection::Phase;

  void run();
  void wake() const;
  void accept_all();
  void make_room();
  void on_event(HttpConnection& connection, std::uint32_t events);
  // Goes as far as it can, until it has to wait for its client or its page.
  void go_on(HttpConnection& connection);
  void give(HttpConnection& connection, const PagePtr& page);
  PagePtr error_of(const RequestReader& reader);
  void limit_unread(const HttpConnection& newest);
  void refuse(HttpConnection& connection, Refusal why);
  void close_now(const HttpConnection& connection);
  void take_answers();
  // Ends those whose time is over; until when the next has time.
  TimePoint end_late();
  TimePoint deadline_of(const HttpConnection& connection) const;

  const HttpLimits limits_;
  RefusalCounts& refused_;
  const Handle handle_;
  const Gone gone_;
  rpc::Epoll epoll_;
  int wake_up_ = -1;
  int listening_ = -1;
  std::atomic<bool> is_stopping_ = false;
  bool is_paused_ = false;  // no descriptor is left: the door is shut for a moment

  TimePoint now_{};
  Id last_id_ = 0;
  Connections connections_;                 // the oldest first
  absl::flat_hash_map<int, Id> by_socket_;  // those of connections_

  std::mutex answers_mutex_;
  std::vector<std::pair<std::vector<Id>, PagePtr>> answers_;
  std::thread thread_;
};

}  // namespace weir::admin
