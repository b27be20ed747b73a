// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/tls.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"

namespace weir::rpc {

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> server_credentials(
    const TlsOptions& options) {
  if (options.certificate.empty()) return grpc::InsecureServerCredentials();
  // gRPC would only log, and then refuse every connection.
  for (const std::string& path : {options.certificate, options.key, options.client_ca}) {
    if (!path.empty() && access(path.c_str(), R_OK) != 0) {
      return absl::FailedPreconditionError(absl::StrCat("cannot read ", path));
    }
  }
  const auto refresh = std::chrono::duration_cast<std::chrono::seconds>(options.refresh).count();
  grpc::experimental::TlsServerCredentialsOptions tls(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
          options.key, options.certificate, options.client_ca,
          static_cast<unsigned int>(std::max<std::int64_t>(refresh, 1))));
  tls.watch_identity_key_cert_pairs();
  if (!options.client_ca.empty()) {
    tls.watch_root_certs();
    tls.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(tls);
}

}  // namespace weir::rpc
