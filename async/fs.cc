// SPDX-License-Identifier: Apache-2.0
#include "async/fs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace weir::fs {
namespace {

absl::Status errno_status(const char* verb, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(verb, " ", path));
}

class File {
 public:
  File(const std::string& path, int flags, mode_t mode = 0)
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~File() { (void)close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  bool close() {
    const int closing = std::exchange(descriptor_, -1);
    return closing < 0 || ::close(closing) == 0;
  }

 private:
  int descriptor_;
};

bool write_all(const File& file, std::string_view rest) {
  while (!rest.empty()) {
    const ssize_t written = ::write(file.descriptor(), rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

// Everything but the rename.
bool write_beside(const std::string& path, const std::string& temporary,
                  const std::string& contents) {
  File file(temporary, O_WRONLY | O_CREAT | O_EXCL, 0666);
  if (!file.is_open()) return false;
  struct stat old{};
  if (::stat(path.c_str(), &old) == 0 && ::fchmod(file.descriptor(), old.st_mode & 07777) != 0) {
    return false;
  }
  return write_all(file, contents) && ::fsync(file.descriptor()) == 0 && file.close();
}

// So that the new name is there after a crash too.
bool sync_directory(const std::filesystem::path& path) {
  const std::string directory = path.has_parent_path() ? path.parent_path().string() : ".";
  const File file(directory, O_RDONLY | O_DIRECTORY);
  return file.is_open() && ::fsync(file.descriptor()) == 0;
}

}  // namespace

absl::StatusOr<std::string> read_to_string_now(const std::string& path, std::size_t max_bytes) {
  const File file(path, O_RDONLY);
  if (!file.is_open()) return errno_status("cannot open", path);
  struct stat info{};
  if (::fstat(file.descriptor(), &info) != 0) return errno_status("cannot read", path);
  std::string contents;
  // The size is a hint: files of /proc say zero, and another may be growing.
  std::size_t room = std::min(static_cast<std::size_t>(info.st_size), max_bytes) + 1;
  for (std::size_t size = 0;;) {
    contents.resize(size + room);
    const ssize_t got = ::read(file.descriptor(), contents.data() + size, room);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_status("cannot read", path);
    size += static_cast<std::size_t>(got);
    if (size > max_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat(path, " is larger than the ", max_bytes, " bytes allowed"));
    }
    if (got == 0) {
      contents.resize(size);
      return contents;
    }
    room = std::max<std::size_t>(contents.size() - size, 4096);
  }
}

absl::Status write_now(const std::string& path, const std::string& contents) {
  static std::atomic<unsigned> counter = 0;
  const std::string temporary = absl::StrCat(path, ".", ::getpid(), ".", ++counter, ".tmp");
  if (!write_beside(path, temporary, contents) ||
      std::rename(temporary.c_str(), path.c_str()) != 0) {
    absl::Status status = errno_status("cannot write", path);
    (void)::unlink(temporary.c_str());
    return status;
  }
  return sync_directory(path) ? absl::OkStatus() : errno_status("cannot make durable", path);
}

}  // namespace weir::fs
