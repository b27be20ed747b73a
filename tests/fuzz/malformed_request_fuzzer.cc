// SPDX-License-Identifier: Apache-2.0
// The search for what is wrong with a request.

#include "server/status/malformed_request.h"

#include <array>

#include "absl/status/status.h"
#include "tests/fuzz/fuzzer.h"
#include "weir/batch/v1/batch.pb.h"
#include "weir/users/v1/users.pb.h"

namespace {

template <class Message>
void try_as(absl::string_view bytes) {
  Message message;
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  const absl::Status status = weir::status::malformed_request(*Message::descriptor(), bytes);
  weir::fuzz::must(status.code() == absl::StatusCode::kInvalidArgument);
  weir::fuzz::must(status.message().size() < 4096);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const absl::string_view bytes = weir::fuzz::text_of(data, size);
  try_as<weir::users::v1::UpdateUserRequest>(bytes);
  try_as<weir::batch::v1::SubmitBatchRequest>(bytes);
  try_as<weir::batch::v1::BatchItem>(bytes);
  return 0;
}
