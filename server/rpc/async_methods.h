// SPDX-License-Identifier: Apache-2.0
#pragma once

// AsyncMethods: one service's methods, as gRPC is told of them: all of them as streams.
//
// gRPC hands out a call of a unary method only when its message has come, and until then the call
// has no deadline, no place and no number in any metric. A stream's call comes with its headers, so
// every call is the server's business from then on: its message is read like a stream's first one,
// after authorization and admission. The bytes on the wire are the same.
//
// Methods are added before the server is built; it must outlive the server.

#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/impl/service_type.h>

#include <deque>
#include <string>
#include <utility>

namespace weir::rpc {

class AsyncMethods final : public grpc::Service {
 public:
  // As in "weir.users.v1.UserService/GetUser". Returns what `request` knows it by.
  int add(const std::string& name) {
    const int index = static_cast<int>(paths_.size());
    const std::string& path = paths_.emplace_back("/" + name);  // gRPC keeps the pointer
    using grpc::internal::RpcServiceMethod;
    AddMethod(new RpcServiceMethod(path.c_str(), RpcServiceMethod::BIDI_STREAMING, nullptr));
    MarkMethodAsync(index);
    return index;
  }

  void request(int index, grpc::ServerContext& context,
               grpc::internal::ServerAsyncStreamingInterface& stream,
               grpc::ServerCompletionQueue& queue, void* tag) {
    RequestAsyncBidiStreaming(index, &context, &stream, &queue, &queue, tag);
  }

 private:
  std::deque<std::string> paths_;
};

}  // namespace weir::rpc
