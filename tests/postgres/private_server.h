// SPDX-License-Identifier: Apache-2.0
#pragma once

// PrivateServer: a Postgres of this test's own (scripts/postgres.sh), to stop, start and freeze.

#include <string>

namespace weir::postgres::testing {

class PrivateServer;

struct StandbyOf {
  const PrivateServer& primary;
};

class PrivateServer {
 public:
  PrivateServer();
  // A hot standby of another, which must outlive it.
  explicit PrivateServer(StandbyOf of);
  ~PrivateServer();
  PrivateServer(const PrivateServer&) = delete;
  PrivateServer& operator=(const PrivateServer&) = delete;

  const std::string& url() const { return url_; }
  void stop();
  // Again, with the same data and port.
  void start();
  // SIGSTOP and SIGCONT to all of its processes.
  void freeze();
  void thaw();

 private:
  void start(const std::string& option);
  std::string run(const std::string& verb, const std::string& option = "") const;

  const std::string directory_;
  std::string url_;
};

}  // namespace weir::postgres::testing
