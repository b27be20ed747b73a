// SPDX-License-Identifier: Apache-2.0
#pragma once

// AdminServer: plain HTTP for those who run the service, on a port of its own. What is a page here,
// who may have it is in access.h, and how it gets there in http_server.h.
//
// Thread: a page is made on one of the server's threads, so its function must be safe to call
// there.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "server/admin/access.h"
#include "server/admin/http_server.h"
#include "server/admin/page.h"
#include "server/admin/page_maker.h"
#include "server/admin/refusal.h"

namespace weir::admin {

class AdminServer {
 public:
  using Make = PageMaker::Make;
  using Change = std::function<Page(const std::string& body)>;

  // How long a page takes to make. Probes never wait for anything else.
  enum class Takes {
    kNothing,  // it waits for nothing: made on the thread that serves all
    kAMoment,  // milliseconds
    kLong,     // it may have to wait for what is stuck
  };

  explicit AdminServer(AccessRules rules = {}, HttpLimits limits = {});
  ~AdminServer();

  // Before start. `path` is exact, as in "/livez". For GET and HEAD.
  void add(std::string path, Guard guard, Takes takes, Make make);
  // The same with a PUT that changes something, and takes nothing. Not POST: a web page elsewhere
  // could make a browser on this machine send that.
  void add(std::string path, Guard guard, Takes takes, Make make, Change change);

  // host:port; port 0: any free one; no host, or [::]: all addresses, of IPv4 and IPv6.
  // INVALID_ARGUMENT if it is no address, UNAVAILABLE if it cannot be bound.
  absl::Status start(const std::string& address);
  // Where it listens, with the port that was found.
  const std::string& address() const { return address_; }

  // Any thread.
  const RefusalCounts& refused() const { return refused_; }

 private:
  struct Handlers {
    Guard guard;
    Takes takes;
    Make make;
    Change change;  // may be empty
  };

  HttpServer::PagePtr handle(HttpServer::Id id, const Request& request, const Peer& peer);
  HttpServer::PagePtr refuse(Refusal why, Page page);

  Access access_;
  RefusalCounts refused_;
  absl::node_hash_map<std::string, Handlers> pages_;
  std::string address_;
  HttpServer http_;
  PageMaker quick_;
  PageMaker slow_;
};

}  // namespace weir::admin
