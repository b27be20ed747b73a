// SPDX-License-Identifier: Apache-2.0
#pragma once

// AuthorizationPolicy: who may call what, by the identity in the client's certificate. gRPC's own
// format (proposal A43), as much of it as is about principals and paths:
//
//     {
//       "name": "weir",
//       "deny_rules": [
//         {"name": "...", "request": {"paths": ["*/DeleteUser"]}}],
//       "allow_rules": [
//         {"name": "...", "source": {"principals": ["spiffe://weir.dev/gateway"]},
//          "request": {"paths": ["/weir.*"]}}]
//     }
//
// A principal is a URI or DNS name of the certificate, or its subject. "*" stands for anything at
// either end of a pattern. A rule without principals is about everybody, without paths about
// everything. What no rule allows is denied.
//
// Our own because gRPC's authorization policy provider is in no library of Debian's, only its
// header is. What A43 has and this has not is refused when the policy is read.

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace weir::rpc {

class AuthorizationPolicy {
 public:
  // INVALID_ARGUMENT says what is wrong.
  static absl::StatusOr<AuthorizationPolicy> parse(std::string_view json);

  // `path` as in "/weir.users.v1.UserService/GetUser".
  bool allows(absl::Span<const std::string_view> principals, std::string_view path) const;

 private:
  struct Rule {
    std::vector<std::string> principals;
    std::vector<std::string> paths;
  };
  friend struct AuthorizationPolicyReader;

  static bool applies(const Rule& rule, absl::Span<const std::string_view> principals,
                      std::string_view path);

  std::vector<Rule> deny_;
  std::vector<Rule> allow_;
};

}  // namespace weir::rpc
