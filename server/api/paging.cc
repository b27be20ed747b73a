// SPDX-License-Identifier: Apache-2.0
#include "server/api/paging.h"

#include <algorithm>
#include <optional>

namespace weir::api {

Page page_of(int page_size, absl::string_view page_token, absl::string_view list,
             const PageLimits& limits, const PageTokens& tokens, status::BadRequest& bad) {
  Page page;
  if (page_size < 0) bad.add("page_size", "must not be negative");
  page.size = page_size == 0 ? limits.default_size : std::min(page_size, limits.max_size);
  page.position = limits.first;
  if (!page_token.empty()) {
    const std::optional<std::int64_t> position = tokens.decode(list, page_token);
    if (position) {
      page.position = *position;
    } else {
      bad.add("page_token", "must be the next_page_token of an earlier answer, unchanged");
    }
  }
  return page;
}

}  // namespace weir::api
