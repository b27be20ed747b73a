// SPDX-License-Identifier: Apache-2.0
#pragma once

// AdminServer: plain HTTP for those who run the service, on a port of its own.
//
// Thread: pages are made on civetweb's threads, so a page's function must be safe to call there.

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"

struct mg_context;

namespace weir::admin {

struct Page {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
};

class AdminServer {
 public:
  using Make = std::function<Page()>;
  using Change = std::function<Page(const std::string& body)>;

  AdminServer();
  ~AdminServer();

  // Before start. `path` is exact, as in "/livez". For GET and HEAD.
  void add(std::string path, Make make);
  // The same with a PUT that changes something. Not POST: a web page elsewhere could make a browser
  // on this machine send that, and may not send a PUT.
  void add(std::string path, Make make, Change change);

  // host:port; port 0: any free one; host [::]: all, IPv4 and IPv6. UNAVAILABLE if it cannot be
  // bound.
  absl::Status start(const std::string& address);
  // Where it listens, with the port that was found.
  const std::string& address() const { return address_; }

  struct Handlers {
    Make make;
    Change change;  // may be empty
  };

 private:
  struct Close {
    void operator()(mg_context* context) const;
  };
  std::map<std::string, Handlers> pages_;
  std::unique_ptr<mg_context, Close> context_;
  std::string address_;
};

}  // namespace weir::admin
