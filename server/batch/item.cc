// SPDX-License-Identifier: Apache-2.0
#include "server/batch/item.h"

#include "absl/strings/str_cat.h"
#include "server/status/rpc_status.h"

namespace weir::batch {
void check_item(const v1::BatchItem& item, status::BadRequest& bad) {
  if (item.item_id().size() > kMaxItemIdBytes) {
    bad.add("item_id", absl::StrCat("must have at most ", kMaxItemIdBytes, " bytes"));
  }
  if (item.ByteSizeLong() > kMaxItemBytes) {
    bad.add("op", absl::StrCat("must leave the whole item at most ", kMaxItemBytes, " bytes"));
  }
  if (item.op_case() == v1::BatchItem::OP_NOT_SET) {
    bad.add("op", "must be one of create, update, delete and get");
  }
}

std::string item_id_of(const v1::BatchItem& item) {
  const std::string& id = item.item_id();
  if (id.size() <= kMaxItemIdBytes) return id;
  std::size_t bytes = kMaxItemIdBytes;  // not in the middle of a character
  while (bytes > 0 && (static_cast<unsigned char>(id[bytes]) & 0xC0) == 0x80) --bytes;
  return id.substr(0, bytes);
}

v1::BatchResult result_of(const v1::BatchItem& item, const absl::StatusOr<users::v1::User>& user) {
  v1::BatchResult result = result_of(item, user.status());
  if (user.ok()) *result.mutable_user() = *user;
  return result;
}

v1::BatchResult result_of(const v1::BatchItem& item, const absl::Status& status) {
  v1::BatchResult result;
  result.set_item_id(item_id_of(item));
  *result.mutable_status() = status::to_rpc_status(status::with_default_details(status));
  return result;
}

Task<v1::BatchResult> process_item(users::UserService& users, const v1::BatchItem& item) {
  status::BadRequest bad;
  check_item(item, bad);
  const absl::Status fault = bad;
  if (!fault.ok()) co_return result_of(item, fault);
  switch (item.op_case()) {
    case v1::BatchItem::kCreate:
      co_return result_of(item, co_await users.create_user(item.create()));
    case v1::BatchItem::kUpdate:
      co_return result_of(item, co_await users.update_user(item.update()));
    case v1::BatchItem::kDelete: {
      const auto deleted = co_await users.delete_user(item.delete_());
      co_return result_of(item, deleted.status());
    }
    default:
      co_return result_of(item, co_await users.get_user(item.get()));
  }
}

}  // namespace weir::batch
