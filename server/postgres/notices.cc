// SPDX-License-Identifier: Apache-2.0
#include "server/postgres/notices.h"

#include <string_view>

namespace weir::postgres::detail {
namespace {

std::string_view field(const PGresult* notice, int which) {
  const char* const text = PQresultErrorField(notice, which);
  return text == nullptr ? "" : text;
}

void tell(void* options, const PGresult* notice) {
  const log::Sink& log = static_cast<const Options*>(options)->log;
  if (!log) return;
  const std::string_view severity = field(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
  // Migrations that find a thing there already are told so by notices.
  const log::Level level = severity == "WARNING" ? log::Level::kWarning : log::Level::kDebug;
  log(level, "postgres says",
      {{"severity", severity},
       {"sqlstate", field(notice, PG_DIAG_SQLSTATE)},
       {"notice", field(notice, PG_DIAG_MESSAGE_PRIMARY)},
       {"detail", field(notice, PG_DIAG_MESSAGE_DETAIL)},
       {"hint", field(notice, PG_DIAG_MESSAGE_HINT)}});
}

}  // namespace

void log_notices(PGconn& connection, const Options& options) {
  PQsetNoticeReceiver(&connection, tell, const_cast<Options*>(&options));
}

}  // namespace weir::postgres::detail
