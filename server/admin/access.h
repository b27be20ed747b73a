// SPDX-License-Identifier: Apache-2.0
#pragma once

// Access: who may ask the admin port for what.
//
//   - Host must be an address, localhost, or a name of this server: a web page whose own name was
//     made to mean this machine (DNS rebinding) is refused.
//   - What changes something is refused if a page of another site asks for it (Origin), and no page
//     of another site is ever allowed to read an answer.
//   - What tells internals or changes something needs the token, if there is one. If there is none
//     it is for this machine only.
//
// Trap: to a server behind a proxy on its own machine everybody is on this machine. Set a token.

#include <optional>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "server/admin/http_request.h"
#include "server/admin/page.h"
#include "server/admin/refusal.h"

namespace weir::admin {

struct AccessRules {
  std::string token = {};    // empty: none
  bool open_metrics = true;  // /metrics needs no token
  std::string hosts = {};    // further names, with commas between them
};

enum class Guard {
  kOpen,      // probes
  kMetrics,   // open by a setting
  kShell,     // the page for people: it holds nothing itself, and cannot bring a token
  kInternal,  // all else
};

struct Denial {
  Refusal refusal;
  Page page;
};

class Access {
 public:
  explicit Access(AccessRules rules);

  // Another name by which the server is called.
  void add_host(absl::string_view name);
  bool has_token() const { return !rules_.token.empty(); }

  // Empty: it may be answered. `is_local`: the client is on this machine.
  std::optional<Denial> check(const Request& request, Guard guard, bool is_local) const;

 private:
  bool is_ours(absl::string_view host) const;
  bool has_right_token(const Request& request) const;

  const AccessRules rules_;
  std::set<std::string, std::less<>> hosts_;
};

// host:port or [host]:port, in small letters, without the port and the brackets.
std::string host_of(absl::string_view authority);

}  // namespace weir::admin
