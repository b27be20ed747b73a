// SPDX-License-Identifier: Apache-2.0
// UpdateUserRequests, of which the mask is ours to read.

#include "server/users/update_mask.h"

#include "server/status/details.h"
#include "server/users/validation.h"
#include "tests/fuzz/fuzzer.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  users::v1::UpdateUserRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return 0;
  status::BadRequest bad;
  const users::UserChanges changes = users::changes_of(request, bad);
  if (!bad.ok()) return 0;
  if (changes.email) fuzz::must(changes.email->size() <= users::kMaxEmailBytes);
  if (changes.name) fuzz::must(changes.name->size() <= 4 * users::kMaxNameCharacters);
  return 0;
}
