// SPDX-License-Identifier: Apache-2.0
#include "rpc/tls_files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "async/detail/thread_name.h"
#include "rpc/pem.h"

namespace weir::rpc {
namespace {

// Of a bundle with all public authorities: a fifth.
constexpr std::size_t kLargest = 1 << 20;

absl::Status wrong(const TlsFiles::File& file, absl::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat(file.setting, ": ", file.path, " ", what));
}

absl::StatusOr<std::string> read(const TlsFiles::File& file) {
  const auto cannot = [&](absl::string_view why) {
    return absl::FailedPreconditionError(
        absl::StrCat(file.setting, ": cannot read ", file.path, ": ", why));
  };
  if (file.path.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(file.setting, ": is missing"));
  }
  // Not to wait for whoever may write to it, should it be a pipe.
  const int fd = open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return cannot(std::strerror(errno));
  const absl::Cleanup closed = [fd] { close(fd); };
  std::string content;
  std::array<char, 4096> part;
  for (;;) {
    const ssize_t got = ::read(fd, part.data(), part.size());
    if (got < 0) return cannot(std::strerror(errno));
    if (got == 0) return content;
    content.append(part.data(), static_cast<std::size_t>(got));
    if (content.size() > kLargest) return cannot("it is larger than 1 MiB");
  }
}

bool write_all(int fd, absl::string_view content) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

// A number for what is to come. It cannot be opened as a file, so that gRPC has no empty one to
// read.
TlsFiles::Published::Published() : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}

TlsFiles::Published::~Published() { close(fd_); }

std::string TlsFiles::Published::path() const { return absl::StrCat("/proc/self/fd/", fd_); }

bool TlsFiles::Published::replace(const std::string& content) {
  const int fd = memfd_create("weir-tls", MFD_CLOEXEC);
  if (fd < 0) return false;
  const absl::Cleanup closed = [fd] { close(fd); };
  // gRPC compares the times of change, in seconds, before and after it reads.
  const std::array<timespec, 2> times = {timespec{++generation_, 0}, timespec{generation_, 0}};
  return write_all(fd, content) && futimens(fd, times.data()) == 0 &&
         dup3(fd, fd_, O_CLOEXEC) == fd_;
}

TlsFiles::TlsFiles(Paths paths) : paths_(std::move(paths)) {}

TlsFiles::~TlsFiles() {
  {
    const absl::MutexLock lock(&mutex_);
    is_ending_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

absl::Status TlsFiles::look() {
  const absl::MutexLock lock(&mutex_);
  if (has_certificate()) look_at_certificate();
  if (has_authorities()) look_at_authorities();
  return certificate_.status.ok() ? authorities_.status : certificate_.status;
}

// `status` is what is wrong with `content`, or that it was taken.
void TlsFiles::settle(Seen& seen, std::string content, absl::Status status) {
  seen.content = std::move(content);
  seen.is_new = true;
  ++(status.ok() ? stats_.taken : stats_.refused);
  seen.status = std::move(status);
}

void TlsFiles::look_at_certificate() {
  absl::StatusOr<std::string> certificate = read(paths_.certificate);
  absl::StatusOr<std::string> key = read(paths_.key);
  if (!certificate.ok() || !key.ok()) {
    absl::Status status = certificate.ok() ? key.status() : certificate.status();
    if (status != certificate_.status) settle(certificate_, "", std::move(status));
    return;
  }
  std::string content = absl::StrCat(*certificate, "\n", *key);
  if (content == certificate_.content) return;
  const absl::StatusOr<std::int64_t> expiry = first_expiry(*certificate);
  const absl::Status fits = expiry.ok() ? check_pair(*certificate, *key) : expiry.status();
  absl::Status status;
  if (absl::IsFailedPrecondition(fits)) {
    status = wrong(paths_.key, absl::StrCat(fits.message(), " of the certificate in ",
                                            paths_.certificate.path));
  } else if (!fits.ok()) {
    status = wrong(paths_.certificate, fits.message());
  } else if (!pair_.replace(content)) {
    status = absl::ResourceExhaustedError("no memory or descriptor for a certificate");
  } else {
    stats_.certificate_expiry = *expiry;
  }
  settle(certificate_, std::move(content), std::move(status));
}

void TlsFiles::look_at_authorities() {
  absl::StatusOr<std::string> content = read(paths_.authorities);
  if (!content.ok()) {
    if (content.status() != authorities_.status) settle(authorities_, "", content.status());
    return;
  }
  if (*content == authorities_.content) return;
  const absl::StatusOr<std::int64_t> expiry = first_expiry(*content);
  absl::Status status;
  if (!expiry.ok()) {
    status = wrong(paths_.authorities, expiry.status().message());
  } else if (!roots_.replace(*content)) {
    status = absl::ResourceExhaustedError("no memory or descriptor for a certificate");
  } else {
    stats_.authorities_expiry = *expiry;
  }
  settle(authorities_, *std::move(content), std::move(status));
}

void TlsFiles::watch(Duration refresh, OnChange on_change) {
  {
    const absl::MutexLock lock(&mutex_);
    stats_.taken = 0;
    certificate_.is_new = authorities_.is_new = false;
  }
  thread_ = std::thread([this, refresh, told = std::move(on_change)] { run(refresh, told); });
}

void TlsFiles::run(Duration refresh, const OnChange& on_change) {
  weir::detail::name_this_thread("weir-tls");
  for (;;) {
    {
      const absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&is_ending_), absl::FromChrono(refresh))) return;
    }
    (void)look();
    for (Seen TlsFiles::* part : {&TlsFiles::certificate_, &TlsFiles::authorities_}) {
      absl::Status status;
      {
        const absl::MutexLock lock(&mutex_);
        if (!std::exchange((this->*part).is_new, false)) continue;
        status = (this->*part).status;
      }
      if (on_change) on_change(status);
    }
  }
}

// Every second, which costs nothing: our own looks are what --tls-refresh says.
std::shared_ptr<grpc::experimental::CertificateProviderInterface> TlsFiles::provider() const {
  const std::string pair = has_certificate() ? pair_.path() : "";
  return std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      pair, pair, has_authorities() ? roots_.path() : "", 1);
}

TlsFiles::Stats TlsFiles::stats() const {
  const absl::MutexLock lock(&mutex_);
  return stats_;
}

}  // namespace weir::rpc
