// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/tls.h"

#include <grpcpp/security/tls_credentials_options.h>

#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/log.h"

namespace weir::rpc {
namespace {

void log_change(const TlsFiles& files, const absl::Status& change) {
  if (!change.ok()) {
    log::error("certificates not taken, the ones before stay",
               {{"reason", std::string(change.message())}});
    return;
  }
  const absl::Time end = absl::FromUnixSeconds(files.stats().certificate_expiry);
  log::info("certificates changed", {{"expiry", absl::FormatTime(end, absl::UTCTimeZone())}});
}

void warn_if_over(const char* what, std::int64_t expiry) {
  const absl::Time end = absl::FromUnixSeconds(expiry);
  if (expiry == 0 || end > absl::Now()) return;
  log::warning("a certificate is over, and clients refuse it",
               {{"which", what}, {"expiry", absl::FormatTime(end, absl::UTCTimeZone())}});
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsFiles>> open_tls_files(const TlsOptions& options) {
  if (options.certificate.empty()) return nullptr;
  auto files = std::make_unique<TlsFiles>(TlsFiles::Paths{
      .certificate = {options.certificate, "--tls-certificate (WEIR_TLS_CERTIFICATE)"},
      .key = {options.key, "--tls-key (WEIR_TLS_KEY)"},
      .authorities = {options.client_ca, "--tls-client-ca (WEIR_TLS_CLIENT_CA)"}});
  if (absl::Status status = files->look(); !status.ok()) return status;
  warn_if_over("--tls-certificate", files->stats().certificate_expiry);
  warn_if_over("--tls-client-ca", files->stats().authorities_expiry);
  files->watch(options.refresh,
               [&all = *files](const absl::Status& change) { log_change(all, change); });
  return files;
}

std::shared_ptr<grpc::ServerCredentials> server_credentials(const TlsFiles* files) {
  if (files == nullptr) return grpc::InsecureServerCredentials();
  grpc::experimental::TlsServerCredentialsOptions tls(files->provider());
  tls.watch_identity_key_cert_pairs();
  if (files->has_authorities()) {
    tls.watch_root_certs();
    tls.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(tls);
}

}  // namespace weir::rpc
