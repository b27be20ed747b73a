// SPDX-License-Identifier: Apache-2.0
#include "client/tls.h"

#include <grpcpp/security/tls_credentials_options.h>

#include "rpc/tls_files.h"

namespace weir::client {
namespace {

rpc::TlsFiles::Paths paths_of(const TlsOptions& options) {
  return {.certificate = {options.certificate, "--tls-certificate"},
          .key = {options.key, "--tls-key"},
          .authorities = {options.ca, "--tls-ca"}};
}

}  // namespace

std::shared_ptr<grpc::ChannelCredentials> tls_credentials(const TlsOptions& options) {
  struct Kept {
    explicit Kept(const TlsOptions& given) : files(paths_of(given)) {}
    rpc::TlsFiles files;
    std::shared_ptr<grpc::ChannelCredentials> credentials;
  };
  const auto kept = std::make_shared<Kept>(options);
  (void)kept->files.look();
  kept->files.watch(options.refresh);
  grpc::experimental::TlsChannelCredentialsOptions tls;
  tls.set_certificate_provider(kept->files.provider());
  tls.watch_root_certs();
  if (kept->files.has_certificate()) tls.watch_identity_key_cert_pairs();
  kept->credentials = grpc::experimental::TlsCredentials(tls);
  return {kept, kept->credentials.get()};
}

absl::Status check_tls_files(const TlsOptions& options) {
  return rpc::TlsFiles(paths_of(options)).look();
}

}  // namespace weir::client
