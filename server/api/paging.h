// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pages of a list that is read by key (AIP-158): from a request to a position in the list, and from
// the rows to the token of the next page.
//
//     const Page page = page_of(request, kList, kLimits, tokens, bad);
//     ... read page.size + 1 rows beyond page.position: one more tells whether there is a next page
//     response.set_next_page_token(cut_to_page(rows, page, kList, tokens));

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "server/api/page_token.h"
#include "server/status/details.h"

namespace weir::api {

struct PageLimits {
  int default_size;
  int max_size;
  std::int64_t first;  // the position before the first row
};

struct Page {
  int size = 0;
  std::int64_t position = 0;  // the id of the last row that was seen, or limits.first
};

// What is wrong with "page_size" and "page_token" is added to `bad`, and then the page means
// nothing. `list` as for PageTokens.
Page page_of(int page_size, absl::string_view page_token, absl::string_view list,
             const PageLimits& limits, const PageTokens& tokens, status::BadRequest& bad);

template <class Request>
Page page_of(const Request& request, absl::string_view list, const PageLimits& limits,
             const PageTokens& tokens, status::BadRequest& bad) {
  return page_of(request.page_size(), request.page_token(), list, limits, tokens, bad);
}

// Takes off the row that belongs to the next page, and returns that page's token; empty if this is
// the last.
template <class Rows>
std::string cut_to_page(Rows& rows, const Page& page, absl::string_view list,
                        const PageTokens& tokens) {
  const auto size = static_cast<std::size_t>(page.size);
  if (rows.size() <= size) return "";
  rows.resize(size);
  return tokens.encode(list, rows.back().id);
}

}  // namespace weir::api
