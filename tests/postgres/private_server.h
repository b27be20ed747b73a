// SPDX-License-Identifier: Apache-2.0
#pragma once

// PrivateServer: a Postgres of this test's own (scripts/postgres.sh), to stop, start and freeze.

#include <string>

namespace weir::postgres::testing {

class PrivateServer {
 public:
  PrivateServer();
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
  std::string run(const std::string& verb) const;

  const std::string directory_;
  std::string url_;
};

}  // namespace weir::postgres::testing
