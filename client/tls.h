// SPDX-License-Identifier: Apache-2.0
#pragma once

// tls_credentials: TLS, or mutual TLS, for ChannelOptions::credentials, with certificates that are
// read again when their files change. Connections keep what they were made with. Tokio: tonic's
// ClientTlsConfig, which reads them once.
//
// Trap: a file that cannot be read is no error here; calls fail with UNAVAILABLE until it can be.

#include <grpcpp/security/credentials.h>

#include <memory>
#include <string>

#include "async/time.h"

namespace weir::client {

struct TlsOptions {
  std::string ca;           // PEM file: who signs servers' certificates
  std::string certificate;  // PEM file, its chain after it: one's own; empty: none is shown
  std::string key;          // PEM file
  Duration refresh = std::chrono::seconds(10);  // between two looks at the files
};

std::shared_ptr<grpc::ChannelCredentials> tls_credentials(const TlsOptions& options);

}  // namespace weir::client
