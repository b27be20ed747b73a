// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/authorization.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace weir::rpc {
namespace {

using Json = nlohmann::json;

bool matches(std::string_view pattern, std::string_view value) {
  if (pattern == "*") return !value.empty();
  if (pattern.ends_with('*')) return value.starts_with(pattern.substr(0, pattern.size() - 1));
  if (pattern.starts_with('*')) return value.ends_with(pattern.substr(1));
  return pattern == value;
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view value) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matches(pattern, value); });
}

// What is not understood must not be ignored: the rule would allow more than it says.
absl::Status check_fields(const Json& object, std::initializer_list<std::string_view> known,
                          const char* where) {
  if (!object.is_object()) return absl::InvalidArgumentError(absl::StrCat(where, " is no object"));
  for (const auto& [field, value] : object.items()) {
    if (std::find(known.begin(), known.end(), field) == known.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, " has an unknown field \"", field, "\""));
    }
  }
  return absl::OkStatus();
}

absl::Status read_patterns(const Json& rule, const char* object, const char* field,
                           std::vector<std::string>& out) {
  if (!rule.contains(object)) return absl::OkStatus();
  if (absl::Status status = check_fields(rule[object], {field}, object); !status.ok())
    return status;
  const Json patterns = rule[object].value(field, Json::array());
  if (!patterns.is_array()) return absl::InvalidArgumentError(absl::StrCat(field, " is no list"));
  for (const Json& pattern : patterns) {
    if (!pattern.is_string() || pattern.get_ref<const std::string&>().empty()) {
      return absl::InvalidArgumentError(absl::StrCat(field, " has something that is no text"));
    }
    out.push_back(pattern.get<std::string>());
  }
  return absl::OkStatus();
}

}  // namespace

struct AuthorizationPolicyReader {
  static absl::Status read(const Json& policy, const char* list,
                           std::vector<AuthorizationPolicy::Rule>& out) {
    if (!policy.contains(list)) return absl::OkStatus();
    if (!policy[list].is_array()) {
      return absl::InvalidArgumentError(absl::StrCat(list, " is no list"));
    }
    for (const Json& rule : policy[list]) {
      absl::Status status = check_fields(rule, {"name", "source", "request"}, "a rule");
      AuthorizationPolicy::Rule read;
      if (status.ok()) status = read_patterns(rule, "source", "principals", read.principals);
      if (status.ok()) status = read_patterns(rule, "request", "paths", read.paths);
      if (!status.ok()) return status;
      out.push_back(std::move(read));
    }
    return absl::OkStatus();
  }
};

absl::StatusOr<AuthorizationPolicy> AuthorizationPolicy::parse(std::string_view json) {
  const Json policy = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (policy.is_discarded()) return absl::InvalidArgumentError("the policy is not JSON");
  absl::Status status = check_fields(policy, {"name", "deny_rules", "allow_rules"}, "the policy");
  AuthorizationPolicy parsed;
  if (status.ok()) status = AuthorizationPolicyReader::read(policy, "deny_rules", parsed.deny_);
  if (status.ok()) status = AuthorizationPolicyReader::read(policy, "allow_rules", parsed.allow_);
  if (!status.ok()) return status;
  if (parsed.allow_.empty()) return absl::InvalidArgumentError("the policy allows nothing");
  return parsed;
}

bool AuthorizationPolicy::applies(const Rule& rule, absl::Span<const std::string_view> principals,
                                  std::string_view path) {
  return (rule.paths.empty() || matches_any(rule.paths, path)) &&
         (rule.principals.empty() ||
          std::any_of(principals.begin(), principals.end(), [&](std::string_view principal) {
            return matches_any(rule.principals, principal);
          }));
}

bool AuthorizationPolicy::allows(absl::Span<const std::string_view> principals,
                                 std::string_view path) const {
  const auto about = [&](const Rule& rule) { return applies(rule, principals, path); };
  return std::none_of(deny_.begin(), deny_.end(), about) &&
         std::any_of(allow_.begin(), allow_.end(), about);
}

}  // namespace weir::rpc
