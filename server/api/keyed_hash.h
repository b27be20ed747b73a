// SPDX-License-Identifier: Apache-2.0
#pragma once

// KeyedHash: HMAC-SHA-256 under a key derived for one purpose, so that a value made for one use of
// the service's secret means nothing in another.
//
// Thread: any. The secret is the same on all replicas and never leaves them.

#include <array>

#include "absl/strings/string_view.h"

namespace weir::api {

class KeyedHash {
 public:
  using Digest = std::array<unsigned char, 32>;

  // `purpose` names the use, as in "weir/page-token/1".
  KeyedHash(absl::string_view secret, absl::string_view purpose);

  Digest of(absl::string_view bytes) const;

 private:
  Digest key_;
};

}  // namespace weir::api
