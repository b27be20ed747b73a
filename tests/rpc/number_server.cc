// SPDX-License-Identifier: Apache-2.0
#include "tests/rpc/number_server.h"

#include <optional>
#include <utility>

#include "async/or_return.h"

namespace weir::rpc::test {
namespace {

Task<absl::StatusOr<Number>> add_one(const Number& request) {
  co_return number(request.value() + 1);
}

Task<absl::Status> count(const Number& request, Writer<Number>& writer) {
  for (std::int64_t i = 0; i < request.value(); ++i) co_await or_return(writer.write(number(i)));
  co_return absl::OkStatus();
}

Task<absl::StatusOr<Number>> sum(Reader<Number>& reader) {
  std::int64_t total = 0;
  for (;;) {
    const std::optional<Number> next = co_await or_return(reader.read());
    if (!next) break;
    total += next->value();
  }
  co_return number(total);
}

Task<absl::Status> echo(Reader<Number>& reader, Writer<Number>& writer) {
  for (;;) {
    const std::optional<Number> next = co_await or_return(reader.read());
    if (!next) break;
    co_await or_return(writer.write(*next));
  }
  co_return absl::OkStatus();
}

}  // namespace

ServerOptions options_for_tests() {
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.accept_slots = 4;
  return options;
}

NumberServer::NumberServer(ServerOptions options)
    : unary(add_one), server_stream(count), client_stream(sum), bidi(echo), server_(options) {
  using Async = Numbers::AsyncService;
  auto routes = server_.add_service(Numbers::service_full_name());
  routes.unary("Unary", &Async::RequestUnary,
               [this](const Number& request) { return unary(request); });
  routes.server_streaming("ServerStream", &Async::RequestServerStream,
                          [this](const Number& request, Writer<Number>& writer) {
                            return server_stream(request, writer);
                          });
  routes.client_streaming("ClientStream", &Async::RequestClientStream,
                          [this](Reader<Number>& reader) { return client_stream(reader); });
  routes.bidi("Bidi", &Async::RequestBidi, [this](Reader<Number>& reader, Writer<Number>& writer) {
    return bidi(reader, writer);
  });
}

void NumberServer::start() {
  const absl::Status started = server_.start();
  ASSERT_TRUE(started.ok()) << started;
  server_.health().set_serving(true);
}

std::uint64_t NumberServer::refused(Refusal why) const {
  std::uint64_t count = 0;
  server_.for_each_loop([&](const ServerLoop& loop) { count += loop.cells().refused(why).read(); });
  return count;
}

std::shared_ptr<grpc::Channel> NumberServer::channel(grpc::ChannelArguments arguments) const {
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return grpc::CreateCustomChannel(server_.address(), grpc::InsecureChannelCredentials(),
                                   arguments);
}

std::unique_ptr<Stub> NumberServer::client(grpc::ChannelArguments arguments) const {
  return Numbers::NewStub(channel(std::move(arguments)));
}

Number number(std::int64_t value) {
  Number made;
  made.set_value(value);
  return made;
}

Number padded(std::size_t bytes) {
  Number made;
  made.mutable_padding()->resize(bytes);
  return made;
}

grpc::Status call(Stub& client, const Number& request, Number* response) {
  CallContext context;
  Number ignored;
  return client.Unary(&context, request, response != nullptr ? response : &ignored);
}

}  // namespace weir::rpc::test
