// SPDX-License-Identifier: Apache-2.0
// An actor: one task owns the state, others send it commands, and each brings the place for its
// answer. Tokio: mpsc of an enum with oneshot::Sender in it.
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "async/mpsc.h"
#include "async/oneshot.h"
#include "async/or_return.h"
#include "async/with_scope.h"

namespace weir::examples {
namespace {

struct Get {
  std::string key;
  oneshot::Sender<std::optional<std::string>> reply;
};
struct Set {
  std::string key, value;
  oneshot::Sender<bool> reply;
};
using Command = std::variant<Get, Set>;

// Ends when every handle is gone. No lock: nobody else can reach the store.
class CacheActor {
 public:
  explicit CacheActor(mpsc::Receiver<Command> commands) : commands_(std::move(commands)) {}

  static Task<void> run(CacheActor actor) {
    for (;;) {
      absl::StatusOr<Command> command = co_await actor.commands_.recv();
      if (!command.ok()) co_return;
      std::visit([&actor](auto& one) { actor.handle(one); }, *command);
    }
  }

 private:
  void handle(Get& get) {
    const auto found = store_.find(get.key);
    (void)get.reply.send(found == store_.end() ? std::nullopt : std::optional(found->second));
  }
  void handle(Set& set) {
    (void)set.reply.send(store_.insert_or_assign(set.key, std::move(set.value)).second);
  }

  mpsc::Receiver<Command> commands_;
  std::map<std::string, std::string> store_;
};

// What the others hold: copy it, from any loop.
class CacheHandle {
 public:
  CacheHandle(TaskScope& scope, std::size_t waiting)
      : CacheHandle(mpsc::channel<Command>(waiting), scope) {}

  Task<absl::StatusOr<std::optional<std::string>>> get(std::string key) const {
    auto [reply, answer] = oneshot::channel<std::optional<std::string>>();
    Get command{std::move(key), std::move(reply)};
    co_await or_return(co_await commands_.send(std::move(command)));
    co_return co_await answer.receive();
  }
  // True if the key is new.
  Task<absl::StatusOr<bool>> set(std::string key, std::string value) const {
    auto [reply, answer] = oneshot::channel<bool>();
    Set command{std::move(key), std::move(value), std::move(reply)};
    co_await or_return(co_await commands_.send(std::move(command)));
    co_return co_await answer.receive();
  }

 private:
  CacheHandle(std::pair<mpsc::Sender<Command>, mpsc::Receiver<Command>> ends, TaskScope& scope)
      : commands_(std::move(ends.first)) {
    scope.spawn(CacheActor::run(CacheActor(std::move(ends.second))));
  }

  mpsc::Sender<Command> commands_;
};

}  // namespace

Task<void> example_18_actor(std::ostream& out) {
  const absl::Status ended = co_await with_scope([&](TaskScope& scope) -> Task<absl::Status> {
    const CacheHandle cache(scope, 16);
    out << "new: " << co_await or_return(cache.set("ada", "lovelace")) << "\n";
    out << "new: " << co_await or_return(cache.set("ada", "byron")) << "\n";
    out << "ada: " << (co_await or_return(cache.get("ada"))).value_or("nothing") << "\n";
    out << "bob: " << (co_await or_return(cache.get("bob"))).value_or("nothing") << "\n";
    co_return absl::OkStatus();
  });
  out << ended << "\n";
}

}  // namespace weir::examples

// Output:
// new: 1
// new: 0
// ada: byron
// bob: nothing
// OK
