// SPDX-License-Identifier: Apache-2.0
#pragma once

// server_credentials: TLS, or mutual TLS, with certificates that are read again when their files
// change. Tonic: ServerTlsConfig, which reads them once.
//
// What is not whole or does not fit is logged and not taken (rpc/tls_files.h), so the order in
// which files are replaced does not matter. A connection keeps what it was made with;
// MAX_CONNECTION_AGE brings all to new certificates.

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "async/time.h"
#include "rpc/tls_files.h"

namespace weir::rpc {

struct TlsOptions {
  std::string certificate;  // PEM file, its chain after it; empty: no TLS
  std::string key;          // PEM file
  std::string client_ca;    // PEM file; a client must show a certificate by it; empty: need not
  Duration refresh = std::chrono::seconds(10);  // between two looks at the files
};

// Null without TLS. FAILED_PRECONDITION names the setting and the file that cannot be read, or
// holds something else.
absl::StatusOr<std::unique_ptr<TlsFiles>> open_tls_files(const TlsOptions& options);

// Of those files, which must outlive them; of null: plain text.
std::shared_ptr<grpc::ServerCredentials> server_credentials(const TlsFiles* files);

}  // namespace weir::rpc
