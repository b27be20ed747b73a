// SPDX-License-Identifier: Apache-2.0
#include "client/cli/user_view.h"

#include "absl/strings/str_cat.h"
#include "client/cli/local_time.h"
#include "client/cli/table.h"
#include "client/cli/text.h"

namespace weir::cli {
std::string user_details(const client::User& user) {
  return absl::StrCat("id       ", user.id(), "\n",                                //
                      "name     ", printable(user.name()), "\n",                   //
                      "email    ", printable(user.email()), "\n",                  //
                      "created  ", local_time_and_zone(user.create_time()), "\n",  //
                      "updated  ", local_time_and_zone(user.update_time()), "\n",  //
                      "etag     ", printable(user.etag()), "\n");
}

std::string user_table(absl::Span<const client::User* const> users) {
  Table table({{"ID", Table::Align::kRight}, {"NAME"}, {"EMAIL"}, {"CREATED"}, {"UPDATED"}});
  for (const client::User* user : users) {
    table.add({absl::StrCat(user->id()), user->name(), user->email(),
               local_time(user->create_time()), local_time(user->update_time())});
  }
  return table.render();
}

}  // namespace weir::cli
