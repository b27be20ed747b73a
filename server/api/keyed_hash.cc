// SPDX-License-Identifier: Apache-2.0
#include "server/api/keyed_hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <new>

namespace weir::api {
namespace {

KeyedHash::Digest hmac_sha256(const void* key, std::size_t key_size, absl::string_view bytes) {
  KeyedHash::Digest digest;
  unsigned int size = digest.size();
  // Fails only for want of memory.
  if (HMAC(EVP_sha256(), key, static_cast<int>(key_size),
           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data(),
           &size) == nullptr) {
    throw std::bad_alloc();
  }
  return digest;
}

}  // namespace

KeyedHash::KeyedHash(absl::string_view secret, absl::string_view purpose)
    : key_(hmac_sha256(secret.data(), secret.size(), purpose)) {}

KeyedHash::Digest KeyedHash::of(absl::string_view bytes) const {
  return hmac_sha256(key_.data(), key_.size(), bytes);
}

}  // namespace weir::api
