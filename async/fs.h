// SPDX-License-Identifier: Apache-2.0
#pragma once

// fs: whole files, read and written on threads that may block. Tokio: tokio::fs::{read_to_string,
// write}.
//
//     absl::StatusOr<std::string> text = co_await fs::read_to_string(pool, "config.toml");
//     absl::Status written = co_await fs::write(pool, "state.json", json);
//
// write is atomic, which Tokio's is not: it writes a new file beside the old, makes it durable and
// renames it, so a reader, or a crash, meets the old contents or the new, never a part. The mode of
// an old file is kept; what a symbolic link pointed to is left alone and the link replaced.
// read_to_string does not look whether it is UTF-8. RESOURCE_EXHAUSTED beyond `max_bytes`,
// otherwise the status of the system's errno (NOT_FOUND, PERMISSION_DENIED ...), with the path.
//
// Trap: a write that was cancelled once it had begun runs on: the file may be the new one or the
// old. Thread: any; the pool's own while it works (see async/blocking_pool.h).

#include <cstddef>
#include <source_location>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "async/blocking_pool.h"

namespace weir::fs {

inline constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

// The same, on the calling thread.
absl::StatusOr<std::string> read_to_string_now(const std::string& path, std::size_t max_bytes);
absl::Status write_now(const std::string& path, const std::string& contents);

[[nodiscard]] inline auto read_to_string(
    BlockingPool& pool, std::string path, std::size_t max_bytes = kMaxBytes,
    std::source_location where = std::source_location::current()) {
  auto job = [path = std::move(path), max_bytes] { return read_to_string_now(path, max_bytes); };
  return spawn_blocking(pool, std::move(job), where);
}

[[nodiscard]] inline auto write(BlockingPool& pool, std::string path, std::string contents,
                                std::source_location where = std::source_location::current()) {
  auto job = [path = std::move(path), contents = std::move(contents)] {
    return write_now(path, contents);
  };
  return spawn_blocking(pool, std::move(job), where);
}

}  // namespace weir::fs
