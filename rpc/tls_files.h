// SPDX-License-Identifier: Apache-2.0
#pragma once

// TlsFiles: a certificate with its key, and the authorities one trusts, read again when their files
// change, and taken only when they are whole and fit together: what was taken before stays until
// then. Tokio: tokio_rustls with a ResolvesServerCert of one's own.
//
// gRPC's FileWatcherCertificateProvider reads such files itself and takes what it finds. So it gets
// files that only this writes to: in memory, replaced in one step, the certificate and its key in
// one file. It looks at them every second.
//
// Thread: any. Trap: it must outlive the credentials that are made of `provider`.

#include <grpcpp/security/tls_certificate_provider.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "async/time.h"

namespace weir::rpc {

class TlsFiles {
 public:
  // A PEM file and, for errors, the setting that names it. An empty path: there is none.
  struct File {
    std::string path;
    std::string setting;
  };
  struct Paths {
    File certificate;  // its chain after it
    File key;
    File authorities;
  };

  struct Stats {
    std::uint64_t taken = 0;    // changes, after the first
    std::uint64_t refused = 0;  // changes that were not whole, or did not fit
    // When the first of those in use ends, in seconds since 1970; 0: there is none.
    std::int64_t certificate_expiry = 0;
    std::int64_t authorities_expiry = 0;
  };

  // Told of each change once, on the thread that looks: OK if it was taken.
  using OnChange = std::function<void(const absl::Status&)>;

  explicit TlsFiles(Paths paths);
  ~TlsFiles();
  TlsFiles(const TlsFiles&) = delete;
  TlsFiles& operator=(const TlsFiles&) = delete;

  // Reads the files. FAILED_PRECONDITION names the setting and the file that is wrong, if one is;
  // the certificate and the authorities are taken independently of each other.
  absl::Status look();
  // Looks from now on by itself.
  void watch(Duration refresh, OnChange on_change = {});

  std::shared_ptr<grpc::experimental::CertificateProviderInterface> provider() const;
  bool has_certificate() const { return !paths_.certificate.path.empty(); }
  bool has_authorities() const { return !paths_.authorities.path.empty(); }
  Stats stats() const;

 private:
  // A file in memory. Its path stays; what is there is replaced in one step.
  class Published {
   public:
    Published();
    ~Published();
    bool replace(const std::string& content);
    std::string path() const;

   private:
    const int fd_;
    std::int64_t generation_ = 0;
  };

  // What was read last of something that is taken as a whole.
  struct Seen {
    std::string content;
    absl::Status status;
    bool is_new = false;
  };

  void look_at_certificate() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void look_at_authorities() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void settle(Seen& seen, std::string content, absl::Status status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void run(Duration refresh, const OnChange& on_change);

  const Paths paths_;
  Published pair_;
  Published roots_;
  mutable absl::Mutex mutex_;
  Seen certificate_ ABSL_GUARDED_BY(mutex_);
  Seen authorities_ ABSL_GUARDED_BY(mutex_);
  Stats stats_ ABSL_GUARDED_BY(mutex_);
  bool is_ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace weir::rpc
