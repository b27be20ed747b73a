// SPDX-License-Identifier: Apache-2.0
#pragma once

// The errors of users, in one place: their codes, reasons and words are part of the contract.

#include <cstdint>

#include "absl/status/status.h"

namespace weir::users {

absl::Status user_not_found(std::int64_t id);
// The e-mail address belongs to another user.
absl::Status email_taken();
// The user changed since the etag was given out.
absl::Status etag_mismatch(std::int64_t id);
// The same request_id came before, with other contents.
absl::Status request_id_reused();
// The e-mail address is unknown, or the password wrong: the answer does not say which.
absl::Status wrong_password();

// A watch is given a resume_token that this service did not make; or one from so long ago that
// events after it are gone; or it did not keep up; or nobody knows yet where it would begin.
absl::Status invalid_resume_token();
absl::Status resume_token_expired();
absl::Status watch_too_slow();
absl::Status feed_unavailable();

}  // namespace weir::users
