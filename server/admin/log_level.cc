// SPDX-License-Identifier: Apache-2.0
#include "server/admin/log_level.h"

#include <string>

#include "absl/strings/ascii.h"
#include "server/log.h"

namespace weir::admin {

void add_log_level(AdminServer& admin) {
  const auto show = [] { return Page{.body = std::string(log::level()) + "\n"}; };
  const auto change = [show](const std::string& body) {
    std::string name = body;
    absl::StripAsciiWhitespace(&name);
    if (!log::set_level(name)) {
      return Page{.status = 400, .body = "debug, info, warning or error\n"};
    }
    return show();
  };
  admin.add("/log-level", Guard::kInternal, AdminServer::Takes::kNothing, show, change);
}

}  // namespace weir::admin
