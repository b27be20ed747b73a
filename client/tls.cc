// SPDX-License-Identifier: Apache-2.0
#include "client/tls.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <algorithm>
#include <chrono>

namespace weir::client {

std::shared_ptr<grpc::ChannelCredentials> tls_credentials(const TlsOptions& options) {
  const auto refresh = std::chrono::duration_cast<std::chrono::seconds>(options.refresh).count();
  grpc::experimental::TlsChannelCredentialsOptions tls;
  tls.set_certificate_provider(std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      options.key, options.certificate, options.ca,
      static_cast<unsigned int>(std::max<std::int64_t>(refresh, 1))));
  tls.watch_root_certs();
  if (!options.certificate.empty()) tls.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(tls);
}

}  // namespace weir::client
