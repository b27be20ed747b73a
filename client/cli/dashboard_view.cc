// SPDX-License-Identifier: Apache-2.0
#include "client/cli/dashboard_view.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/cli/post_view.h"
#include "client/cli/subscription_view.h"
#include "client/cli/text.h"
#include "client/cli/user_view.h"

namespace weir::cli {
namespace {

std::string why_missing(const client::Dashboard& dashboard, const std::string& section) {
  for (const auto& missing : dashboard.unavailable()) {
    if (missing.section() != section) continue;
    const auto code = static_cast<absl::StatusCode>(missing.code());
    return absl::StrCat("not available: ", printable(missing.message()), " (",
                        absl::StatusCodeToString(code), ")\n");
  }
  return "";
}

std::string section(const client::Dashboard& dashboard, const std::string& name, int count,
                    const std::string& table) {
  const std::string why = why_missing(dashboard, name);
  if (!why.empty()) return absl::StrCat("\n", name, "\n", why);
  return count == 0 ? absl::StrCat("\nno ", name, "\n") : absl::StrCat("\n", name, "\n", table);
}

}  // namespace

std::string dashboard_view(const client::Dashboard& dashboard) {
  return absl::StrCat(
      user_details(dashboard.user()),
      section(dashboard, "posts", dashboard.posts_size(), post_table(dashboard.posts())),
      section(dashboard, "subscriptions", dashboard.subscriptions_size(),
              subscription_table(dashboard.subscriptions())));
}

}  // namespace weir::cli
