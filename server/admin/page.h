// SPDX-License-Identifier: Apache-2.0
#pragma once

// Page: what the admin port answers to one request.

#include <string>

namespace weir::admin {

struct Page {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  std::string headers = {};  // further ones, each with its CRLF
};

}  // namespace weir::admin
