// SPDX-License-Identifier: Apache-2.0
#pragma once

// Names of settings that do not exist: which one was meant, and which WEIR_ variables are somebody
// else's.

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace weir::config {

// "NAME: no such setting; did you mean KNOWN?", or a hint to --help if nothing is near.
std::string no_such_setting(absl::string_view name, const std::vector<std::string>& known);

// Whether a variable whose name begins with WEIR_ is not meant for the server: it belongs to the
// command line or to the tools of this repository, or Kubernetes or Docker put it there because a
// service's name begins with "weir" (service links, WEIR_SERVICE_HOST=10.0.0.1 and the like).
bool is_of_others(absl::string_view variable, absl::string_view value);

}  // namespace weir::config
