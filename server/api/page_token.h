// SPDX-License-Identifier: Apache-2.0
#pragma once

// PageTokens: where the next page of a list begins (AIP-158), signed, so that a token a client made
// up, changed, or took from another list is told from one that was given out.
//
// A token is 32 URL-safe characters: the position and a truncated MAC. It does not expire.
// Thread: any. All replicas must have the same secret, or a list breaks when its pages come from
// two.

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "server/api/keyed_hash.h"

namespace weir::api {

class PageTokens {
 public:
  explicit PageTokens(absl::string_view secret) : mac_(secret, "weir/page-token/1") {}

  // `list` names the list and whatever narrows it: a token is good for that list only.
  std::string encode(absl::string_view list, std::int64_t position) const;
  // nullopt if this is not a token of that list.
  std::optional<std::int64_t> decode(absl::string_view list, absl::string_view token) const;

 private:
  std::string sign(absl::string_view list, absl::string_view position) const;

  KeyedHash mac_;
};

}  // namespace weir::api
