// SPDX-License-Identifier: Apache-2.0
#include "server/admin/dashboard.h"

namespace weir::embedded {
extern const char dashboard_html[];  // cmake/embed_text.cmake
}  // namespace weir::embedded

namespace weir::admin {

void add_dashboard(AdminServer& admin) {
  admin.add("/", Guard::kShell, AdminServer::Takes::kNothing, [] {
    return Page{.content_type = "text/html; charset=utf-8", .body = embedded::dashboard_html};
  });
}

}  // namespace weir::admin
