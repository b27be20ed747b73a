// SPDX-License-Identifier: Apache-2.0
#pragma once

// The options of a command that lists, and the walk through the pages.

#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/options.h"
#include "client/cli/output.h"
#include "client/cli/text.h"

namespace weir::cli {

struct Paging {
  int page_size = 0;
  std::string page_token;
  bool all = false;
};

inline void add_paging_options(CLI::App& command, Paging& paging, const std::string& page_size) {
  command.add_option("--page-size", paging.page_size, page_size)->type_name("N");
  command.add_option("--page-token", paging.page_token, "Go on where an earlier page ended")
      ->type_name("TOKEN");
  command.add_flag("--all", paging.all, "Every page, one after the other");
}

// How a list looks to people.
template <class Response>
struct ListView {
  std::string (*table)(const Response& all);
  std::string (*summary)(const Response& all);  // may be null
  std::string again;                            // the command that goes on after the last page
};

// Fetches one page, or all, with `fetch(request)`. JSON is printed page by page; for people all
// pages are one table, and what does not belong to it goes to stderr.
template <class Response, class Request, class Fetch>
int list_pages(Request request, const Paging& paging, const Settings& settings, Fetch fetch,
               const ListView<Response>& view) {
  request.set_page_size(paging.page_size);
  request.set_page_token(paging.page_token);
  Response all;
  do {
    absl::StatusOr<Response> page = fetch(request);
    if (!page.ok()) return fail(page.status(), settings);
    request.set_page_token(page->next_page_token());
    if (settings.json) {
      print(as_json(*page) + "\n");
    } else {
      all.clear_next_page_token();
      all.MergeFrom(*page);
    }
  } while (paging.all && !request.page_token().empty());
  if (settings.json) return kOk;

  print(view.table(all));
  std::fflush(stdout);
  std::string footer = view.summary == nullptr ? "" : view.summary(all);
  if (!all.next_page_token().empty()) {
    absl::StrAppend(&footer, "next page: ", view.again, " --page-token ",
                    printable(all.next_page_token()), "\n");
  }
  std::fputs(footer.c_str(), stderr);
  return kOk;
}

}  // namespace weir::cli
