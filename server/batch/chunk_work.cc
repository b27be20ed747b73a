// SPDX-License-Identifier: Apache-2.0
#include "server/batch/chunk_work.h"

#include <cstddef>
#include <utility>

#include "absl/status/statusor.h"
#include "server/batch/item.h"
#include "server/batch/patience.h"
#include "server/batch/stored_item.h"
#include "server/users/user_requests.h"
#include "server/users/user_writes.h"
#include "server/users/wire.h"

namespace weir::batch {
namespace {

using postgres::Transaction;

class Work {
 public:
  Work(Transaction& transaction, absl::Span<const Todo> todo, bool is_last_try, Effects& effects)
      : transaction_(transaction),
        todo_(todo),
        is_last_try_(is_last_try),
        effects_(effects),
        items_(todo.size()),
        results_(todo.size()) {}

  // Those that were wrong when they came have their results already.
  void read() {
    for (std::size_t at = 0; at < todo_.size(); ++at) {
      if (!todo_[at].fault.empty()) {
        v1::BatchResult result;
        if (!result.mutable_status()->ParseFromString(todo_[at].fault)) unreadable(at);
        results_[at] = std::move(result);
      } else if (!items_[at].ParseFromString(todo_[at].item)) {
        unreadable(at);
      }
    }
  }

  void create_together() {
    std::vector<std::size_t> slots;
    std::vector<users::NewUser> users;
    for (std::size_t at = 0; at < items_.size(); ++at) {
      if (results_[at] || !items_[at].has_create()) continue;
      slots.push_back(at);
      users.push_back(new_user_of(items_[at]));
    }
    if (users.empty()) return;
    std::vector<absl::StatusOr<users::Created>> created = insert_users(transaction_, users);
    for (std::size_t i = 0; i < slots.size(); ++i) created_one(slots[i], created[i]);
  }

  void do_rest(Mode mode) {
    for (std::size_t at = 0; at < items_.size(); ++at) {
      if (results_[at]) continue;
      if (mode == Mode::kTogether) {
        do_one(at);
      } else {
        do_apart(at);
      }
    }
  }

  Results take() { return std::move(results_); }

 private:
  void unreadable(std::size_t at) {
    ended(at, absl::InternalError("an item that was kept cannot be read"));
  }

  void do_apart(std::size_t at) {
    const absl::Status broken = transaction_.nested([&] {
      do_one(at);
      return absl::OkStatus();
    });
    if (!broken.ok()) ended(at, users::in_our_words(broken));
  }

  void do_one(std::size_t at) {
    const v1::BatchItem& item = items_[at];
    status::BadRequest ignored;  // it was checked when it came
    switch (item.op_case()) {
      case v1::BatchItem::kCreate: {
        const users::NewUser user = new_user_of(item);
        created_one(at, insert_users(transaction_, absl::MakeConstSpan(&user, 1))[0]);
        break;
      }
      case v1::BatchItem::kUpdate: {
        const users::Update update = users::update_of(item.update(), ignored);
        auto user = users::update_user(transaction_, update.id, update.changes, update.version);
        if (user.ok()) effects_.written.push_back(*user);
        ended(at, std::move(user));
        break;
      }
      case v1::BatchItem::kDelete: {
        const users::Deletion deletion = users::deletion_of(item.delete_(), ignored);
        auto user = users::delete_user(transaction_, deletion.id, deletion.version);
        ended(at, user.status());
        if (user.ok()) effects_.deleted.push_back(*std::move(user));
        break;
      }
      default:
        ended(at, users::find_user(transaction_, item.get().id()));
    }
  }

  void created_one(std::size_t at, const absl::StatusOr<users::Created>& created) {
    if (!created.ok()) return ended(at, created.status());
    // A repeated answer may be out of date.
    if (!created->repeated) effects_.written.push_back(created->user);
    ended(at, absl::StatusOr<users::User>(created->user));
  }

  void ended(std::size_t at, absl::StatusOr<users::User> user) {
    if (!user.ok()) return ended(at, user.status());
    results_[at] = result_of(v1::BatchItem(), users::to_wire(*std::move(user)));
  }
  void ended(std::size_t at, const absl::Status& status) {
    if (!can_pass(status) || is_last_try_) results_[at] = result_of(v1::BatchItem(), status);
  }

  Transaction& transaction_;
  const absl::Span<const Todo> todo_;
  const bool is_last_try_;
  Effects& effects_;
  std::vector<v1::BatchItem> items_;
  Results results_;
};

}  // namespace

Results do_items(Transaction& transaction, absl::Span<const Todo> todo, Mode mode, bool is_last_try,
                 Effects& effects) {
  Work work(transaction, todo, is_last_try, effects);
  work.read();
  if (mode == Mode::kTogether) work.create_together();
  work.do_rest(mode);
  return work.take();
}

}  // namespace weir::batch
