// SPDX-License-Identifier: Apache-2.0
#include "rpc/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <limits>
#include <memory>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace weir::rpc {
namespace {

template <class T, void (*kFree)(T*)>
struct Free {
  void operator()(T* owned) const { kFree(owned); }
};
using Certificate = std::unique_ptr<X509, Free<X509, X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, EVP_PKEY_free>>;
using TlsContext = std::unique_ptr<SSL_CTX, Free<SSL_CTX, SSL_CTX_free>>;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

Bio reader(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// A key with a passphrase: OpenSSL would ask the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

std::size_t count(absl::string_view text, absl::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) {
    ++found;
  }
  return found;
}

// Whether it stops in the middle of a line that begins or ends something, or before the end of
// that.
bool is_cut_off(absl::string_view text) {
  const absl::string_view last = text.substr(text.rfind('\n') + 1);
  const bool is_end = absl::StartsWith(last, "-----END") && absl::EndsWith(last, "-----");
  return (absl::StartsWith(last, "-") && !is_end) ||
         count(text, "-----BEGIN") != count(text, "-----END");
}

std::int64_t end_of(const X509* certificate) {
  std::tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) return 0;
  return timegm(&end);
}

}  // namespace

absl::StatusOr<std::int64_t> first_expiry(const std::string& certificates) {
  const absl::Cleanup cleared = [] { ERR_clear_error(); };
  ERR_clear_error();
  const Bio bio = reader(certificates);
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::size_t read = 0;
  while (const Certificate one{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)}) {
    first = std::min(first, end_of(one.get()));
    ++read;
  }
  const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (read == 0) return absl::InvalidArgumentError("is no PEM certificate");
  if (!is_end || is_cut_off(certificates)) {
    return absl::InvalidArgumentError("has a certificate that is not whole");
  }
  return first;
}

absl::Status check_pair(const std::string& certificates, const std::string& key) {
  const absl::Cleanup cleared = [] { ERR_clear_error(); };
  const TlsContext context(SSL_CTX_new(TLS_method()));
  const Bio certificate_bio = reader(certificates);
  const Certificate leaf{
      PEM_read_bio_X509_AUX(certificate_bio.get(), nullptr, no_passphrase, nullptr)};
  if (leaf == nullptr || SSL_CTX_use_certificate(context.get(), leaf.get()) != 1) {
    return absl::InvalidArgumentError("is no PEM certificate that TLS takes");
  }
  const Bio key_bio = reader(key);
  const PrivateKey read{PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_passphrase, nullptr)};
  if (read == nullptr || SSL_CTX_use_PrivateKey(context.get(), read.get()) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return absl::FailedPreconditionError("is not the key (PEM, without a passphrase)");
  }
  return absl::OkStatus();
}

}  // namespace weir::rpc
