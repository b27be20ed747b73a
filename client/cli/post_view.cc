// SPDX-License-Identifier: Apache-2.0
#include "client/cli/post_view.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/local_time.h"
#include "client/cli/table.h"
#include "client/cli/text.h"

namespace weir::cli {

std::string post_details(const client::Post& post) {
  std::string text = absl::StrCat("id       ", post.id(), "\n",                //
                                  "user     ", post.user_id(), "\n",           //
                                  "title    ", printable(post.title()), "\n",  //
                                  "created  ", local_time_and_zone(post.create_time()), "\n");
  if (post.body().empty()) return text;
  text += "\n";
  for (const absl::string_view line : absl::StrSplit(post.body(), '\n')) {
    absl::StrAppend(&text, printable(line), "\n");
  }
  return text;
}

std::string post_table(const google::protobuf::RepeatedPtrField<client::Post>& posts) {
  Table table({{"ID", Table::Align::kRight}, {"CREATED"}, {"TITLE"}});
  for (const client::Post& post : posts) {
    table.add({absl::StrCat(post.id()), local_time(post.create_time()), post.title()});
  }
  return table.render();
}

}  // namespace weir::cli
