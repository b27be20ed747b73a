// SPDX-License-Identifier: Apache-2.0
#include "client/cli/user_view.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/cli/table.h"
#include "client/cli/text.h"

namespace weir::cli {
namespace {

std::string local_time(const google::protobuf::Timestamp& time, const char* format) {
  const absl::Time at = absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
  return absl::FormatTime(format, at, absl::LocalTimeZone());
}

}  // namespace

std::string user_details(const client::User& user) {
  constexpr const char* kFormat = "%Y-%m-%d %H:%M:%S %Z";
  return absl::StrCat("id       ", user.id(), "\n",                                //
                      "name     ", printable(user.name()), "\n",                   //
                      "email    ", printable(user.email()), "\n",                  //
                      "created  ", local_time(user.create_time(), kFormat), "\n",  //
                      "updated  ", local_time(user.update_time(), kFormat), "\n",  //
                      "etag     ", printable(user.etag()), "\n");
}

std::string user_table(absl::Span<const client::User* const> users) {
  constexpr const char* kFormat = "%Y-%m-%d %H:%M:%S";
  Table table({{"ID", Table::Align::kRight}, {"NAME"}, {"EMAIL"}, {"CREATED"}, {"UPDATED"}});
  for (const client::User* user : users) {
    table.add({absl::StrCat(user->id()), user->name(), user->email(),
               local_time(user->create_time(), kFormat), local_time(user->update_time(), kFormat)});
  }
  return table.render();
}

}  // namespace weir::cli
