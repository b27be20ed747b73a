// SPDX-License-Identifier: Apache-2.0
#include "server/batch/stored_item.h"

#include <utility>

#include "async/or_return.h"
#include "server/api/checks.h"
#include "server/batch/item.h"
#include "server/status/details.h"
#include "server/status/rpc_status.h"

namespace weir::batch {
namespace {

absl::Status fault_of(const v1::BatchItem& item) {
  status::BadRequest bad;
  check_item(item, bad);
  switch (item.op_case()) {
    case v1::BatchItem::kCreate:
      (void)users::new_user_of(item.create(), bad);
      break;
    case v1::BatchItem::kUpdate:
      (void)users::update_of(item.update(), bad);
      break;
    case v1::BatchItem::kDelete:
      (void)users::deletion_of(item.delete_(), bad);
      break;
    case v1::BatchItem::kGet:
      api::check_id("id", item.get().id(), bad);
      break;
    case v1::BatchItem::OP_NOT_SET:
      break;
  }
  return bad;
}

}  // namespace

Task<absl::StatusOr<StoredItem>> to_stored(v1::BatchItem item, users::Passwords& passwords) {
  StoredItem stored;
  const absl::Status fault = fault_of(item);
  stored.item_id = item_id_of(item);
  if (!fault.ok()) {
    stored.fault = status::to_rpc_status(fault).SerializeAsString();
    co_return stored;
  }
  if (item.has_create() && !item.create().password().empty()) {
    std::string hash = co_await or_return(passwords.hash(item.create().password()));
    item.mutable_create()->set_password(std::move(hash));
  }
  item.clear_item_id();
  stored.item = item.SerializeAsString();
  co_return stored;
}

users::NewUser new_user_of(const v1::BatchItem& item) {
  status::BadRequest ignored;  // the hash is no password
  users::NewUser user = users::new_user_of(item.create(), ignored);
  user.password_hash = item.create().password();
  return user;
}

}  // namespace weir::batch
