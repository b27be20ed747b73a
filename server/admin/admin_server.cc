// SPDX-License-Identifier: Apache-2.0
#include "server/admin/admin_server.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/admin/listen.h"
#include "server/log.h"

namespace weir::admin {
namespace {

HttpServer::PagePtr page_of(Page page) { return std::make_shared<const Page>(std::move(page)); }

}  // namespace

AdminServer::AdminServer(AccessRules rules, HttpLimits limits)
    : access_(std::move(rules)),
      http_(
          limits, refused_,
          [this](HttpServer::Id id, const Request& request, const Peer& peer) {
            return handle(id, request, peer);
          },
          [this](HttpServer::Id id) {
            quick_.forget(id);
            slow_.forget(id);
          }),
      quick_("admin-metrics",
             [this](const auto& ids, const auto& page) { http_.answer(ids, page); }),
      slow_("admin-tasks", [this](const auto& ids, const auto& page) { http_.answer(ids, page); }) {
}

AdminServer::~AdminServer() { http_.stop(); }

void AdminServer::add(std::string path, Guard guard, Takes takes, Make make) {
  add(std::move(path), guard, takes, std::move(make), {});
}

void AdminServer::add(std::string path, Guard guard, Takes takes, Make make, Change change) {
  pages_.emplace(std::move(path), Handlers{guard, takes, std::move(make), std::move(change)});
}

absl::Status AdminServer::start(const std::string& address) {
  const absl::StatusOr<Listening> listening = listen_on(address);
  if (!listening.ok()) return listening.status();
  access_.add_host(address);
  if (!listening->is_loopback && !access_.has_token()) {
    log::warning("the admin port answers other machines only in part",
                 {{"reason",
                   "WEIR_ADMIN_TOKEN is not set, so what tells internals or changes "
                   "something is for this machine only"}});
  }
  address_ = absl::StrCat(address.substr(0, address.rfind(':')), ":", listening->port);
  http_.start(*listening);
  return absl::OkStatus();
}

HttpServer::PagePtr AdminServer::refuse(Refusal why, Page page) {
  refused_.add(why);
  return page_of(std::move(page));
}

HttpServer::PagePtr AdminServer::handle(HttpServer::Id id, const Request& request,
                                        const Peer& peer) {
  const auto found = pages_.find(request.path);
  const Guard guard = found == pages_.end() ? Guard::kOpen : found->second.guard;
  if (std::optional<Denial> denial = access_.check(request, guard, peer.is_local)) {
    return refuse(denial->refusal, std::move(denial->page));
  }
  if (found == pages_.end()) return page_of({.status = 404, .body = "there is no such page\n"});
  const Handlers& handlers = found->second;
  if (request.method == "PUT" && handlers.change) {
    return page_of(PageMaker::run([&] { return handlers.change(request.body); }));
  }
  if (request.method != "GET" && request.method != "HEAD") {
    const std::string allowed = handlers.change ? "GET, HEAD, PUT" : "GET, HEAD";
    return refuse(Refusal::kMethod, Page{.status = 405,
                                         .body = absl::StrCat("only ", allowed, "\n"),
                                         .headers = absl::StrCat("Allow: ", allowed, "\r\n")});
  }
  if (handlers.takes == Takes::kNothing) return page_of(PageMaker::run(handlers.make));
  PageMaker& maker = handlers.takes == Takes::kAMoment ? quick_ : slow_;
  maker.ask(handlers.make, id);
  return nullptr;
}

}  // namespace weir::admin
