// SPDX-License-Identifier: Apache-2.0
#pragma once

// Encoded<T>: a message as it goes over the wire, made once and written to any number of streams.
// Tokio: a prost message's bytes::Bytes under a codec that passes them through.
//
//     const rpc::Encoded<UserEvent> encoded(event);          // serialized here
//     co_await or_return(writer.write(encoded));             // a reference, on each of a thousand
//
// A copy is another reference to the same bytes, and so is what merged() makes of several: a
// message that parses as if they had been merged, field by field, which is what protobuf makes of
// encoded messages one after the other. Thread: any; the bytes never change.

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace google::protobuf {
class MessageLite;
}

namespace weir::rpc {
namespace detail {

struct EncodedBytes;  // rpc/encoded_bytes.h, for those who know gRPC

using SharedBytes = std::shared_ptr<const EncodedBytes>;

SharedBytes encode(const google::protobuf::MessageLite& message);
std::size_t size_of(const EncodedBytes& bytes);
SharedBytes concatenate(const std::vector<SharedBytes>& parts);

}  // namespace detail

template <class T>
class Encoded {
 public:
  explicit Encoded(const T& message) : bytes_(detail::encode(message)) {}

  // Repeated fields one after the other, of others the last.
  static Encoded merged(const std::vector<Encoded>& messages) {
    std::vector<detail::SharedBytes> parts;
    parts.reserve(messages.size());
    for (const Encoded& message : messages) parts.push_back(message.bytes_);
    return Encoded(detail::concatenate(parts));
  }

  const detail::EncodedBytes& bytes() const { return *bytes_; }
  std::size_t size() const { return detail::size_of(*bytes_); }  // in bytes

 private:
  explicit Encoded(detail::SharedBytes bytes) : bytes_(std::move(bytes)) {}

  detail::SharedBytes bytes_;
};

}  // namespace weir::rpc
