// SPDX-License-Identifier: Apache-2.0
#pragma once

// tls_credentials: TLS, or mutual TLS, for ChannelOptions::credentials, with certificates that are
// read again when their files change, and taken only when they are whole and fit (rpc/tls_files.h).
// Connections keep what they were made with. Tokio: tonic's ClientTlsConfig, which reads them once.
//
// Trap: a file that cannot be read is no error here; calls fail with UNAVAILABLE until it can be.
// `check_tls_files` says what is wrong.

#include <grpcpp/security/credentials.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "async/time.h"

namespace weir::client {

struct TlsOptions {
  std::string ca;           // PEM file: who signs servers' certificates
  std::string certificate;  // PEM file, its chain after it: one's own; empty: none is shown
  std::string key;          // PEM file
  Duration refresh = std::chrono::seconds(10);  // between two looks at the files
};

// To be kept for as long as a channel that was made with them; client::Channel does.
std::shared_ptr<grpc::ChannelCredentials> tls_credentials(const TlsOptions& options);

// FAILED_PRECONDITION names the option and the file that is not there, not whole or does not fit.
absl::Status check_tls_files(const TlsOptions& options);

}  // namespace weir::client
