// SPDX-License-Identifier: Apache-2.0
// CSV and JSON lines of `weir batch`.

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/item_reader.h"
#include "tests/fuzz/fuzzer.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const int file = memfd_create("items", MFD_CLOEXEC);
  fuzz::must(file >= 0 && write(file, data, size) == static_cast<ssize_t>(size));
  const auto reader = cli::ItemReader::open(absl::StrCat("/proc/self/fd/", file));
  close(file);
  fuzz::must(reader.ok());
  for (std::size_t all = 0;;) {
    const auto items = (*reader)->next(7);
    if (!items.ok() || items->empty()) break;
    fuzz::must(items->size() <= 7);
    for (const auto& item : *items) fuzz::must(!item.item_id().empty());
    all += items->size();
    fuzz::must(all <= size);  // an item takes a byte at least
  }
  return 0;
}
