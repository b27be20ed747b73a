// SPDX-License-Identifier: Apache-2.0
#pragma once

// Entry: what the cache stores under a key: a version, what is known, and the bytes.
//
// In Redis: 'W', the version (8 bytes, big-endian), the kind (1 byte), the bytes. Entries of one
// key are ordered by (version, kind), and only a greater one replaces a smaller (kPutIfNewer),
// whoever comes last. So of one version a deletion beats the value, and a value beats "read it
// again".

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace weir::redis {

// A row, as bytes, with the version it had.
struct Versioned {
  Versioned() = default;
  Versioned(std::uint64_t v, std::string b) : version(v), bytes(std::move(b)) {}
  friend bool operator==(const Versioned&, const Versioned&) = default;

  std::uint64_t version = 0;
  std::string bytes;
};

struct Entry {
  enum class Kind : unsigned char {
    kUnknown = 0,  // what is older than this version is wrong; what is right must be read
    kValue = 1,
    kAbsent = 2,  // there is no such row
  };

  Entry() = default;
  Entry(Kind k, std::uint64_t v, std::string b = "") : kind(k), version(v), bytes(std::move(b)) {}

  Kind kind = Kind::kUnknown;
  std::uint64_t version = 0;
  std::string bytes;
};

std::string encode(const Entry& entry);

// Nullopt if it is not an entry: somebody else wrote under our key.
std::optional<Entry> decode(std::string stored);

// KEYS[1], ARGV[1] = an encoded entry, ARGV[2] = its time to live in ms. Returns 1 if it was
// stored, 0 if what is there is as new or newer.
extern const absl::string_view kPutIfNewer;

}  // namespace weir::redis
