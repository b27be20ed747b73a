// SPDX-License-Identifier: Apache-2.0
#include "async/fs.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "async/join.h"
#include "async/testing/async_test.h"
#include "tests/async/probes.h"

namespace weir {
namespace {

// A directory of one test.
class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "weir_fs_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  std::string file(const char* name) const { return (path_ / name).string(); }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::filesystem::path path_;
};

Task<absl::Status> written(BlockingPool& pool, std::string path, std::string contents) {
  co_return co_await fs::write(pool, std::move(path), std::move(contents));
}
Task<absl::StatusOr<std::string>> content(BlockingPool& pool, std::string path,
                                          std::size_t max_bytes = fs::kMaxBytes) {
  co_return co_await fs::read_to_string(pool, std::move(path), max_bytes);
}

ASYNC_TEST(Fs, ReadsWhatItWrote) {
  BlockingPool pool("fs", 1, 10);
  const Directory directory;
  const std::string path = directory.file("a");
  std::string all_bytes(100'000, '\0');
  for (std::size_t i = 0; i < all_bytes.size(); ++i) all_bytes[i] = static_cast<char>(i * 31);
  for (const std::string& contents : {std::string(), std::string("one\n"), all_bytes}) {
    CO_ASSERT_OK(co_await written(pool, path, contents));
    const absl::StatusOr<std::string> read = co_await content(pool, path);
    CO_ASSERT_OK(read);
    EXPECT_TRUE(*read == contents);
  }
  EXPECT_EQ(directory.files(), 1U);
}

ASYNC_TEST(Fs, ReadsFilesThatDoNotTellTheirSize) {
  BlockingPool pool("fs", 1, 10);
  const absl::StatusOr<std::string> status = co_await content(pool, "/proc/self/status");
  CO_ASSERT_OK(status);
  EXPECT_NE(status->find("VmSize"), std::string::npos);
}

ASYNC_TEST(Fs, SaysWhatWentWrongAndWithWhich) {
  BlockingPool pool("fs", 1, 10);
  const Directory directory;
  const absl::StatusOr<std::string> none = co_await content(pool, directory.file("none"));
  EXPECT_TRUE(absl::IsNotFound(none.status()));
  EXPECT_NE(none.status().message().find(directory.file("none")), std::string::npos);
  EXPECT_TRUE(absl::IsNotFound(co_await written(pool, directory.file("no/where"), "x")));
  CO_ASSERT_OK(co_await written(pool, directory.file("big"), "12345"));
  EXPECT_TRUE((co_await content(pool, directory.file("big"), 5)).ok());
  const absl::StatusOr<std::string> big = co_await content(pool, directory.file("big"), 4);
  EXPECT_TRUE(absl::IsResourceExhausted(big.status())) << big.status();
}

ASYNC_TEST(Fs, KeepsTheModeOfTheOldFileAndLeavesItWholeWhenItCannotWrite) {
  BlockingPool pool("fs", 1, 10);
  const Directory directory;
  const std::string path = directory.file("secret");
  CO_ASSERT_OK(co_await written(pool, path, "old"));
  CO_ASSERT_TRUE(::chmod(path.c_str(), 0600) == 0);
  CO_ASSERT_OK(co_await written(pool, path, "new"));
  struct stat info{};
  CO_ASSERT_TRUE(::stat(path.c_str(), &info) == 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  // A directory cannot be replaced by a file.
  std::filesystem::create_directory(directory.file("folder"));
  EXPECT_FALSE((co_await written(pool, directory.file("folder"), "x")).ok());
  EXPECT_EQ(directory.files(), 2U);  // nothing half-written is left
}

// Two writers and a reader of one file: each read is one of the two, whole.
ASYNC_TEST(Fs, ShowsAReaderTheOldContentsOrTheNew) {
  BlockingPool pool("fs", 3, 10);
  const Directory directory;
  const std::string path = directory.file("shared");
  const std::string a(50'000, 'a');
  const std::string b(70'000, 'b');
  CO_ASSERT_OK(co_await written(pool, path, a));
  const auto [first, second, read] =
      co_await join(written(pool, path, a), written(pool, path, b), content(pool, path));
  EXPECT_TRUE(first.ok() && second.ok());
  CO_ASSERT_OK(read);
  EXPECT_TRUE(*read == a || *read == b);
}

}  // namespace
}  // namespace weir
