// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/incoming.h"

#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/slice.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "server/rpc/inflate.h"
#include "server/rpc/refusal.h"
#include "server/rpc/server_call.h"
#include "server/status/details.h"
#include "server/status/malformed_request.h"
#include "server/status/wire_fields.h"

namespace weir::rpc {
namespace {

// A field can be two bytes, and each costs the parser an allocation and those who come after it a
// look: 4 MiB of them are 0.1 s and 200 MB. So many take it 5 ms, and are thousands of items.
constexpr std::size_t kMaxFields = 100'000;
// Has fewer, whatever is in it.
constexpr std::size_t kFewBytes = std::size_t{64} << 10;
static_assert(kFewBytes / 2 < kMaxFields);
// A message may inflate to so much and cost nothing: what messages do that are not made for it.
constexpr std::size_t kUsualRatio = 16;
constexpr std::size_t kUsualBytes = 4096;

// The C buffer, which is private in gRPC's class, is what its reader shows to those derived from
// it.
class MessageReader : public grpc::ProtoBufferReader {
 public:
  using ProtoBufferReader::ProtoBufferReader;
  grpc_compression_algorithm compression() { return reader()->buffer_in->data.raw.compression; }
};

absl::string_view bytes_of(const grpc::Slice& slice) {
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

std::vector<grpc::Slice> slices_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  (void)buffer.Dump(&slices);  // fails only without a buffer, which is no slices
  return slices;
}

std::string flatten(const grpc::ByteBuffer& buffer) {
  std::string bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices_of(buffer)) {
    const absl::string_view piece = bytes_of(slice);
    bytes.append(piece.data(), piece.size());
  }
  return bytes;
}

absl::StatusOr<std::string> inflate_all(const grpc::ByteBuffer& buffer, Inflater& inflater) {
  for (const grpc::Slice& slice : slices_of(buffer)) {
    if (absl::Status status = inflater.add(bytes_of(slice)); !status.ok()) return status;
  }
  if (absl::Status status = inflater.finish(); !status.ok()) return status;
  return inflater.take();
}

// 4 KiB can become 4 MiB, which takes the loop 16 ms: what is far beyond the usual, the client's
// account pays.
absl::StatusOr<std::string> inflated(const grpc::ByteBuffer& buffer, Compression compression,
                                     ServerCall& call) {
  constexpr std::size_t kKib = 1024;
  ClientAccount& client = call.client();
  const TimePoint now = std::chrono::steady_clock::now();
  const std::size_t usual = kUsualRatio * buffer.Length() + kUsualBytes;
  const std::size_t kib = client.available(Cost::kInflatedKib, now);
  Inflater inflater(compression, std::min(call.max_message_bytes(), usual + kib * kKib));
  absl::StatusOr<std::string> bytes = inflate_all(buffer, inflater);
  if (inflater.size() <= usual) return bytes;
  const std::size_t more = (inflater.size() - usual + kKib - 1) / kKib;
  // Another loop may have taken some meanwhile.
  (void)client.draw(Cost::kInflatedKib, std::min(more, kib), now);
  if (!absl::IsResourceExhausted(bytes.status()) || more < kib) return bytes;
  return status::Error(absl::StatusCode::kResourceExhausted, "INFLATES_TOO_MUCH",
                       "the message inflates to many times its size, and so did others of this "
                       "client a moment ago; send it uncompressed")
      .retry_after(std::chrono::seconds(1));
}

absl::Status parse(const std::string& bytes, google::protobuf::Message& message) {
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  if (bytes.size() > kFewBytes && status::has_more_fields(type, bytes, kMaxFields)) {
    return status::Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_FIELDS",
                         absl::StrCat("the message has more than the ", kMaxFields,
                                      " fields that this server takes; send less at once"))
        .metadata("maxFields", absl::StrCat(kMaxFields));
  }
  if (message.ParseFromString(bytes)) return absl::OkStatus();
  return status::malformed_request(type, bytes);
}

}  // namespace

absl::Status read_message(grpc::ByteBuffer& buffer, ServerCall& call,
                          google::protobuf::Message& message) {
  if (buffer.Length() > call.max_message_bytes()) {
    buffer.Clear();
    return message_too_large(call.max_message_bytes());
  }
  grpc_compression_algorithm compression = GRPC_COMPRESS_NONE;
  {
    MessageReader reader(&buffer);
    if (!reader.status().ok()) return status::malformed_request(*message.GetDescriptor(), "");
    compression = reader.compression();
    if (compression == GRPC_COMPRESS_NONE && buffer.Length() <= kFewBytes &&
        message.ParseFromZeroCopyStream(&reader)) {
      buffer.Clear();
      return absl::OkStatus();
    }
  }
  absl::StatusOr<std::string> bytes =
      compression == GRPC_COMPRESS_NONE
          ? flatten(buffer)
          : inflated(buffer,
                     compression == GRPC_COMPRESS_GZIP ? Compression::kGzip : Compression::kDeflate,
                     call);
  buffer.Clear();  // before the message takes its place
  if (!bytes.ok()) return bytes.status();
  return parse(*bytes, message);
}

}  // namespace weir::rpc
