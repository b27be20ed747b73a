// SPDX-License-Identifier: Apache-2.0
#pragma once

// Request: a command in the form in which it travels, RESP: *<n>\r\n, then $<length>\r\n<bytes>\r\n
// for each of its words. hiredis would format it through a printf of its own; this is a few copies.

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace weir::redis {

class Request {
 public:
  // A GET of a key of usual length stays inside: no allocation.
  static constexpr std::size_t kInlineBytes = 96;

  void encode(absl::Span<const absl::string_view> words);

  absl::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }
  // The first word.
  absl::string_view name() const;

 private:
  void append(absl::string_view bytes);
  void append_header(char type, std::size_t number);

  absl::InlinedVector<char, kInlineBytes> bytes_;
};

}  // namespace weir::redis
