// SPDX-License-Identifier: Apache-2.0
#include "server/admin/admin_server.h"

#include <civetweb.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace weir::admin {
namespace {

constexpr std::size_t kMaxBody = 1024;

std::string read_body(mg_connection* connection) {
  std::string body(kMaxBody, '\0');
  std::size_t size = 0;
  while (size < body.size()) {
    const int count = mg_read(connection, body.data() + size, body.size() - size);
    if (count <= 0) break;
    size += static_cast<std::size_t>(count);
  }
  body.resize(size);
  return body;
}

Page answer(mg_connection* connection, const std::string& method,
            const AdminServer::Handlers& handlers) {
  if (method == "GET" || method == "HEAD") return handlers.make();
  if (!handlers.change) return Page{.status = 405, .body = "only GET and HEAD\n"};
  if (method != "PUT") return Page{.status = 405, .body = "only GET, HEAD and PUT\n"};
  return handlers.change(read_body(connection));
}

int serve_page(mg_connection* connection, void* handlers) {
  const std::string method = mg_get_request_info(connection)->request_method;
  const Page page =
      answer(connection, method, *static_cast<const AdminServer::Handlers*>(handlers));
  const std::string head = absl::StrCat(
      "HTTP/1.1 ", page.status, " ", mg_get_response_code_text(connection, page.status),
      "\r\nContent-Type: ", page.content_type, "\r\nContent-Length: ", page.body.size(),
      "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n");
  mg_write(connection, head.data(), head.size());
  if (method != "HEAD") mg_write(connection, page.body.data(), page.body.size());
  return page.status;
}

// In civetweb's words, of which one must do. [::] is all addresses of both protocols, as gRPC has
// it; to civetweb it leaves IPv4 out, and "+" is both, unless the machine has no IPv6.
std::vector<std::string> as_ports(const std::string& address) {
  constexpr absl::string_view kAll = "[::]:";
  if (!absl::StartsWith(address, kAll)) return {address};
  const std::string port = address.substr(kAll.size());
  return {absl::StrCat("+", port), absl::StrCat("0.0.0.0:", port)};
}

}  // namespace

AdminServer::AdminServer() { mg_init_library(0); }

AdminServer::~AdminServer() {
  context_.reset();
  mg_exit_library();
}

void AdminServer::Close::operator()(mg_context* context) const { mg_stop(context); }

void AdminServer::add(std::string path, Make make) { add(std::move(path), std::move(make), {}); }

void AdminServer::add(std::string path, Make make, Change change) {
  pages_.emplace(std::move(path), Handlers{std::move(make), std::move(change)});
}

absl::Status AdminServer::start(const std::string& address) {
  for (const std::string& ports : as_ports(address)) {
    const char* options[] = {"listening_ports",    ports.c_str(), "num_threads", "2",
                             "request_timeout_ms", "10000",       nullptr};
    const mg_callbacks callbacks{};
    context_.reset(mg_start(&callbacks, nullptr, options));
    if (context_ != nullptr) break;
  }
  if (context_ == nullptr) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", address));
  }
  for (auto& [path, handlers] : pages_) {
    // "$": the path ends here.
    mg_set_request_handler(context_.get(), absl::StrCat(path, "$").c_str(), serve_page, &handlers);
  }
  mg_server_port port{};
  mg_get_server_ports(context_.get(), 1, &port);
  address_ = absl::StrCat(address.substr(0, address.rfind(':')), ":", port.port);
  return absl::OkStatus();
}

}  // namespace weir::admin
