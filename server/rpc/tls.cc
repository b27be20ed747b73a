// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/tls.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"

namespace weir::rpc {
namespace {

// What is wrong with the files. gRPC would only log it, and then refuse every connection.
absl::Status check(const TlsOptions& options) {
  for (const std::string& path : {options.certificate, options.key, options.client_ca}) {
    if (!path.empty() && access(path.c_str(), R_OK) != 0) {
      return absl::FailedPreconditionError(absl::StrCat("cannot read ", path));
    }
  }
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()),
                                                                  &SSL_CTX_free);
  const char* certificate = options.certificate.c_str();
  const char* key = options.key.c_str();
  const char* client_ca = options.client_ca.c_str();
  absl::Status status;
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate) != 1) {
    status = absl::FailedPreconditionError(absl::StrCat(certificate, " is no PEM certificate"));
  } else if (SSL_CTX_use_PrivateKey_file(context.get(), key, SSL_FILETYPE_PEM) != 1) {
    status = absl::FailedPreconditionError(
        absl::StrCat(key, " is not the key (PEM) of the certificate ", certificate));
  } else if (*client_ca != '\0' &&
             SSL_CTX_load_verify_locations(context.get(), client_ca, nullptr) != 1) {
    status = absl::FailedPreconditionError(absl::StrCat(client_ca, " is no PEM certificate"));
  }
  ERR_clear_error();
  return status;
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> server_credentials(
    const TlsOptions& options) {
  if (options.certificate.empty()) return grpc::InsecureServerCredentials();
  if (absl::Status status = check(options); !status.ok()) return status;
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
