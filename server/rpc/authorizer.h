// SPDX-License-Identifier: Apache-2.0
#pragma once

// Authorizer: whether a call may be made, by a policy file that is read again when it changes. A
// change that cannot be read leaves the policy as it was, and is logged. Thread: any.

#include <grpcpp/server_context.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "async/time.h"
#include "server/rpc/authorization.h"

namespace weir::rpc {

class Authorizer {
 public:
  // Looks at the file every `refresh`. FAILED_PRECONDITION if it holds no policy now.
  static absl::StatusOr<std::unique_ptr<Authorizer>> open(std::string path, Duration refresh);
  ~Authorizer();

  // PERMISSION_DENIED, or OK. `method` as in "weir.users.v1.UserService/GetUser".
  absl::Status check(const grpc::ServerContext& call, const std::string& method) const;

 private:
  Authorizer(std::string path, Duration refresh, std::string content, AuthorizationPolicy policy);

  std::shared_ptr<const AuthorizationPolicy> policy() const;
  bool ends_within(Duration duration);
  void watch();

  const std::string path_;
  const Duration refresh_;
  std::string content_;  // the watching thread's own
  mutable absl::Mutex mutex_;
  std::shared_ptr<const AuthorizationPolicy> policy_ ABSL_GUARDED_BY(mutex_);
  bool is_ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace weir::rpc
