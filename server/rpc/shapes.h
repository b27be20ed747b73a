// SPDX-License-Identifier: Apache-2.0
#pragma once

// The four shapes of an RPC: what of gRPC a call of each holds, how its one request is read if it
// has just one, how the handler is called, how it is finished and what may still be under way then.
// serve.h has what they share. Handlers:
//
//   Unary            Task<StatusOr<Response>>(const Request&), or of an OnArena<Response>
//   ServerStreaming  Task<Status>(const Request&, Writer<Response>&)
//   ClientStreaming  Task<StatusOr<Response>>(Reader<Request>&)
//   Bidi             Task<Status>(Reader<Request>&, Writer<Response>&)

#include <grpcpp/support/async_stream.h>

#include "absl/status/statusor.h"
#include "rpc/on_arena.h"
#include "rpc/status.h"
#include "server/rpc/async_methods.h"
#include "server/rpc/incoming.h"
#include "server/rpc/outgoing.h"
#include "server/rpc/server_call.h"
#include "server/rpc/streams.h"

namespace weir::rpc {
namespace detail {

template <class Message>
const Message& message_of(const Message& message) {
  return message;
}
template <class Message>
const Message& message_of(const OnArena<Message>& message) {
  return *message;
}

// Finishes with the one response, or without.
template <class Responder, class Response>
void finish_with(Responder& responder, ServerCall& call, const absl::StatusOr<Response>& result,
                 void* tag) {
  if (result.ok()) {
    responder.Finish({&message_of(*result), nullptr, &call}, grpc::Status::OK, tag);
  } else {
    responder.FinishWithError(to_grpc(result.status()), tag);
  }
}

}  // namespace detail

// `Handled`: what the handler makes.
template <class Request, class Response, class Handled>
class Unary {
 public:
  static constexpr bool kIsLimited = true;
  using Result = Handled;
  using Stream = grpc::ServerAsyncReader<Outgoing<Response>, Incoming<Request>>;

  explicit Unary(ServerCall& call)
      : call_(call), stream_(&call.grpc()), request_{call.make_message<Request>(), &call} {}

  Stream& stream() { return stream_; }
  void read_request(void* tag) { stream_.Read(&request_, tag); }
  // Whether what came can be handled.
  const absl::Status& check() const { return request_.status; }
  std::size_t request_bytes() const { return request_.bytes; }
  template <class Handler>
  Task<Result> handle(const Handler& handler) {
    return handler(*request_.message);
  }
  void finish(const Result& result, void* tag) { detail::finish_with(stream_, call_, result, tag); }

 private:
  ServerCall& call_;
  Stream stream_;
  Incoming<Request> request_;
};

template <class Request, class Response>
class ServerStreaming {
 public:
  using Result = absl::Status;
  using Stream = grpc::ServerAsyncReaderWriter<Outgoing<Response>, Incoming<Request>>;

  explicit ServerStreaming(ServerCall& call)
      : stream_(&call.grpc()),
        writer_(stream_, call),
        request_{call.make_message<Request>(), &call} {}

  Stream& stream() { return stream_; }
  void read_request(void* tag) { stream_.Read(&request_, tag); }
  const absl::Status& check() const { return request_.status; }
  std::size_t request_bytes() const { return request_.bytes; }
  template <class Handler>
  Task<Result> handle(const Handler& handler) {
    return handler(*request_.message, writer_);
  }
  auto last_write() { return writer_.last_write(); }
  void finish(const Result& result, void* tag) { stream_.Finish(to_grpc(result), tag); }

 private:
  Stream stream_;
  detail::StreamWriter<Stream, Response> writer_;
  Incoming<Request> request_;
};

template <class Request, class Response>
class ClientStreaming {
 public:
  using Result = absl::StatusOr<Response>;
  using Stream = grpc::ServerAsyncReader<Outgoing<Response>, Incoming<Request>>;

  explicit ClientStreaming(ServerCall& call)
      : call_(call), stream_(&call.grpc()), reader_(stream_, call) {}

  Stream& stream() { return stream_; }
  template <class Handler>
  Task<Result> handle(const Handler& handler) {
    return handler(reader_);
  }
  void finish(const Result& result, void* tag) { detail::finish_with(stream_, call_, result, tag); }
  auto last_read() { return reader_.last_read(); }

 private:
  ServerCall& call_;
  Stream stream_;
  detail::StreamReader<Stream, Request> reader_;
};

template <class Request, class Response>
class Bidi {
 public:
  using Result = absl::Status;
  using Stream = grpc::ServerAsyncReaderWriter<Outgoing<Response>, Incoming<Request>>;

  explicit Bidi(ServerCall& call)
      : stream_(&call.grpc()), reader_(stream_, call), writer_(stream_, call) {}

  Stream& stream() { return stream_; }
  template <class Handler>
  Task<Result> handle(const Handler& handler) {
    return handler(reader_, writer_);
  }
  auto last_write() { return writer_.last_write(); }
  void finish(const Result& result, void* tag) { stream_.Finish(to_grpc(result), tag); }
  auto last_read() { return reader_.last_read(); }

 private:
  Stream stream_;
  detail::StreamReader<Stream, Request> reader_;
  detail::StreamWriter<Stream, Response> writer_;
};

}  // namespace weir::rpc
