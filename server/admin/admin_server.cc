// SPDX-License-Identifier: Apache-2.0
#include "server/admin/admin_server.h"

#include <civetweb.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace weir::admin {
namespace {

Page answer(const std::string& method, const std::function<Page()>& make) {
  if (method == "GET" || method == "HEAD") return make();
  return Page{.status = 405, .body = "only GET and HEAD\n"};
}

int serve_page(mg_connection* connection, void* make) {
  const std::string method = mg_get_request_info(connection)->request_method;
  const Page page = answer(method, *static_cast<std::function<Page()>*>(make));
  const std::string head = absl::StrCat(
      "HTTP/1.1 ", page.status, " ", mg_get_response_code_text(connection, page.status),
      "\r\nContent-Type: ", page.content_type, "\r\nContent-Length: ", page.body.size(),
      "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n");
  mg_write(connection, head.data(), head.size());
  if (method != "HEAD") mg_write(connection, page.body.data(), page.body.size());
  return page.status;
}

}  // namespace

AdminServer::AdminServer() { mg_init_library(0); }

AdminServer::~AdminServer() {
  context_.reset();
  mg_exit_library();
}

void AdminServer::Close::operator()(mg_context* context) const { mg_stop(context); }

void AdminServer::add(std::string path, std::function<Page()> make) {
  pages_.emplace(std::move(path), std::move(make));
}

absl::Status AdminServer::start(const std::string& address) {
  const char* options[] = {"listening_ports",    address.c_str(), "num_threads", "2",
                           "request_timeout_ms", "10000",         nullptr};
  const mg_callbacks callbacks{};
  context_.reset(mg_start(&callbacks, nullptr, options));
  if (context_ == nullptr) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", address));
  }
  for (auto& [path, make] : pages_) {
    // "$": the path ends here.
    mg_set_request_handler(context_.get(), absl::StrCat(path, "$").c_str(), serve_page, &make);
  }
  mg_server_port port{};
  mg_get_server_ports(context_.get(), 1, &port);
  address_ = absl::StrCat(address.substr(0, address.rfind(':')), ":", port.port);
  return absl::OkStatus();
}

}  // namespace weir::admin
