// SPDX-License-Identifier: Apache-2.0
// What a collector answers.

#include "telemetry/export_response.h"

#include "tests/fuzz/fuzzer.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weir::telemetry::rejected_in(weir::fuzz::text_of(data, size));
  return 0;
}
