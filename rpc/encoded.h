// SPDX-License-Identifier: Apache-2.0
#pragma once

// Encoded<T>: a message as it goes over the wire, made once and written to any number of streams.
// Tokio: a prost message's bytes::Bytes under a codec that passes them through.
//
//     const rpc::Encoded<UserEvent> encoded(event);          // serialized here
//     co_await or_return(writer.write(encoded));             // a reference, on each of a thousand
//
// A copy is another reference to the same bytes. Thread: any; the bytes never change.

#include <cstddef>
#include <memory>

namespace google::protobuf {
class MessageLite;
}

namespace weir::rpc {
namespace detail {

struct EncodedBytes;  // rpc/encoded_bytes.h, for those who know gRPC

std::shared_ptr<const EncodedBytes> encode(const google::protobuf::MessageLite& message);

}  // namespace detail

template <class T>
class Encoded {
 public:
  explicit Encoded(const T& message) : bytes_(detail::encode(message)) {}

  const detail::EncodedBytes& bytes() const { return *bytes_; }

 private:
  std::shared_ptr<const detail::EncodedBytes> bytes_;
};

}  // namespace weir::rpc
