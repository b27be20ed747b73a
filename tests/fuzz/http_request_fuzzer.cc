// SPDX-License-Identifier: Apache-2.0
// Requests at the admin port: in whatever pieces one comes, it is the same.

#include "server/admin/http_request.h"

#include <algorithm>

#include "tests/fuzz/fuzzer.h"

namespace {

using weir::admin::RequestReader;

RequestReader::State read(RequestReader& reader, absl::string_view bytes, std::size_t piece) {
  RequestReader::State state = RequestReader::State::kIncomplete;
  for (; !bytes.empty() && state == RequestReader::State::kIncomplete;
       bytes.remove_prefix(std::min(piece, bytes.size()))) {
    state = reader.add(bytes.substr(0, piece));
  }
  return state;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const absl::string_view bytes = fuzz::text_of(data, size);
  RequestReader whole;
  RequestReader pieces;
  const RequestReader::State state = read(whole, bytes, bytes.size());
  const RequestReader::State other = read(pieces, bytes, 3);
  if (state == RequestReader::State::kWrong) {
    fuzz::must(whole.status() >= 400 && whole.status() < 600);
  }
  if (state == RequestReader::State::kComplete && other == state) {
    fuzz::must(whole.request().path == pieces.request().path);
    fuzz::must(whole.request().body == pieces.request().body);
    fuzz::must(whole.request().body.size() <= RequestReader::kMaxBody);
  }
  return 0;
}
