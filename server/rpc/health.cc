// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/health.h"

#include <utility>

#include "async/or_return.h"
#include "async/sleep.h"
#include "server/rpc/server.h"
#include "server/status/details.h"

namespace weir::rpc {

Health::Health(Server& server) {
  add_service("");
  statuses_.emplace(kLiveness, watch::channel<Serving>(Response::SERVING).first);
  auto routes = server.add_service("grpc.health.v1.Health", Method::Kind::kAdmin);
  using Async = grpc::health::v1::Health::AsyncService;
  routes.unary("Check", &Async::RequestCheck,
               [this](const Request& request) { return check(request); });
  routes.server_streaming(
      "Watch", &Async::RequestWatch,
      [this](const Request& request, Writer<Response>& writer) { return watch(request, writer); },
      Method::Length::kAsAsked);
}

void Health::add_service(std::string name) {
  statuses_.emplace(std::move(name), watch::channel<Serving>(Response::NOT_SERVING).first);
}

void Health::set_serving(bool serving) {
  for (auto& [name, status] : statuses_) {
    if (name == kLiveness) continue;
    status.send(serving ? Response::SERVING : Response::NOT_SERVING);
  }
}

bool Health::is_serving() const { return statuses_.at("").get() == Response::SERVING; }

Task<absl::StatusOr<Health::Response>> Health::check(const Request& request) const {
  const auto found = statuses_.find(request.service());
  if (found == statuses_.end()) {
    co_return status::Error(absl::StatusCode::kNotFound, "SERVICE_UNKNOWN",
                            "this server has no such service");
  }
  Response response;
  response.set_status(found->second.get());
  co_return response;
}

Task<absl::Status> Health::watch(const Request& request, Writer<Response>& writer) const {
  Response response;
  const auto found = statuses_.find(request.service());
  if (found == statuses_.end()) {
    // The protocol: say so, and stay open in case the service comes; here none comes later.
    response.set_status(Response::SERVICE_UNKNOWN);
    co_await or_return(writer.write(response));
    co_return co_await sleep_until(kForever);
  }
  watch::Receiver<Serving> status = found->second.subscribe();
  for (;;) {
    co_await or_return(co_await status.changed());
    response.set_status(status.get());
    co_await or_return(writer.write(response));
  }
}

}  // namespace weir::rpc
