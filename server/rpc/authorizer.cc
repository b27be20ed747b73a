// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/authorizer.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include <fstream>
#include <sstream>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "async/detail/thread_name.h"
#include "server/log.h"
#include "server/status/details.h"

namespace weir::rpc {
namespace {

std::string read(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path).rdbuf();
  return content.str();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Authorizer>> Authorizer::open(std::string path, Duration refresh) {
  std::string content = read(path);
  if (content.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": cannot be read, or is empty"));
  }
  absl::StatusOr<AuthorizationPolicy> policy = AuthorizationPolicy::parse(content);
  if (!policy.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": ", policy.status().message()));
  }
  return std::unique_ptr<Authorizer>(
      new Authorizer(std::move(path), refresh, std::move(content), *std::move(policy)));
}

Authorizer::Authorizer(std::string path, Duration refresh, std::string content,
                       AuthorizationPolicy policy)
    : path_(std::move(path)),
      refresh_(refresh),
      content_(std::move(content)),
      policy_(std::make_shared<const AuthorizationPolicy>(std::move(policy))),
      thread_([this] { watch(); }) {}

Authorizer::~Authorizer() {
  {
    const absl::MutexLock lock(&mutex_);
    is_ending_ = true;
  }
  thread_.join();
}

std::shared_ptr<const AuthorizationPolicy> Authorizer::policy() const {
  const absl::MutexLock lock(&mutex_);
  return policy_;
}

absl::Status Authorizer::check(const grpc::ServerContext& call, const std::string& method) const {
  const std::shared_ptr<const grpc::AuthContext> peer = call.auth_context();
  absl::InlinedVector<grpc::string_ref, 4> found;
  if (peer != nullptr && peer->IsPeerAuthenticated()) {
    for (const char* property : {GRPC_X509_SAN_PROPERTY_NAME, GRPC_X509_SUBJECT_PROPERTY_NAME}) {
      for (const grpc::string_ref& value : peer->FindPropertyValues(property)) {
        found.push_back(value);
      }
    }
  }
  absl::InlinedVector<std::string_view, 4> principals;
  for (const grpc::string_ref& value : found) principals.emplace_back(value.data(), value.size());
  if (policy()->allows(principals, absl::StrCat("/", method))) return absl::OkStatus();
  return status::Error(absl::StatusCode::kPermissionDenied, "NOT_AUTHORIZED",
                       "the client's certificate does not allow this method");
}

bool Authorizer::ends_within(Duration duration) {
  const absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&is_ending_), absl::FromChrono(duration));
}

void Authorizer::watch() {
  weir::detail::name_this_thread("weir-policy");
  while (!ends_within(refresh_)) {
    std::string content = read(path_);
    if (content == content_) continue;
    absl::StatusOr<AuthorizationPolicy> policy = AuthorizationPolicy::parse(content);
    content_ = std::move(content);
    if (!policy.ok()) {
      log::error("authorization policy not read, the one before stays",
                 {{"path", path_}, {"reason", std::string(policy.status().message())}});
      continue;
    }
    auto changed = std::make_shared<const AuthorizationPolicy>(*std::move(policy));
    {
      const absl::MutexLock lock(&mutex_);
      policy_.swap(changed);
    }
    log::info("authorization policy changed", {{"path", path_}});
  }
}

}  // namespace weir::rpc
