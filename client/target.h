// SPDX-License-Identifier: Apache-2.0
#pragma once

// target_of: what a person writes as an address, as the target gRPC's resolvers understand.
//
//     localhost:50051                      one name, every address behind it
//     10.0.0.1:50051,10.0.0.2:50051        a fixed list            -> ipv4:10.0.0.1:50051,...
//     [fd00::1]:50051,[fd00::2]:50051                              -> ipv6:[fd00::1]:50051,...
//     :50051                               as a server has it: this machine's
//     dns:///weir:50051, unix:/run/weir    passed on as it is

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace weir::client {

// INVALID_ARGUMENT, saying what is wrong, for a missing port or a list that is not of one family's
// addresses (gRPC has no resolver for a list of names: use a DNS name that has them all).
absl::StatusOr<std::string> target_of(absl::string_view address);

// Whether a target, as target_of returns it, is loopback or a socket of this machine.
bool is_on_this_machine(absl::string_view target);

}  // namespace weir::client
