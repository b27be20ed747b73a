// SPDX-License-Identifier: Apache-2.0
#pragma once

// server_credentials: TLS, or mutual TLS, with certificates that are read again when their files
// change. Tonic: ServerTlsConfig, which reads them once.
//
// A connection keeps what it was made with; MAX_CONNECTION_AGE brings all to new certificates.
// Trap: replace the certificate and its key together (rename a directory's link, as Kubernetes
// does).

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "async/time.h"

namespace weir::rpc {

struct TlsOptions {
  std::string certificate;  // PEM file, its chain after it; empty: no TLS
  std::string key;          // PEM file
  std::string client_ca;    // PEM file; a client must show a certificate by it; empty: need not
  Duration refresh = std::chrono::seconds(10);  // between two looks at the files
};

// FAILED_PRECONDITION names a file that cannot be read, or holds something else.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> server_credentials(
    const TlsOptions& options);

}  // namespace weir::rpc
