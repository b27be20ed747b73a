// SPDX-License-Identifier: Apache-2.0
#include "rpc/tls_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "rpc/pem.h"
#include "tests/rpc/inbox.h"

namespace weir::rpc {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

struct Pair {
  std::string certificate;
  std::string key;
};

// A certificate by itself that ends in so many seconds.
Pair make_pair(long lasts = 3600) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                &EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), 2);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), lasts);
  X509_set_pubkey(certificate.get(), key.get());
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  BIO* const of_certificate = BIO_new(BIO_s_mem());
  BIO* const of_key = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(of_certificate, certificate.get());
  PEM_write_bio_PrivateKey(of_key, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {text_of(of_certificate), text_of(of_key)};
}

TEST(Pem, TheFirstToEndCounts) {
  const std::string two = make_pair(7200).certificate + make_pair(3600).certificate;
  const absl::StatusOr<std::int64_t> expiry = first_expiry(two);
  ASSERT_TRUE(expiry.ok()) << expiry.status();
  EXPECT_NEAR(static_cast<double>(*expiry), static_cast<double>(std::time(nullptr) + 3600), 60);
}

TEST(Pem, WhatIsCutOffIsNotWhole) {
  const std::string one = make_pair().certificate;
  const std::string two = one + make_pair().certificate;
  EXPECT_TRUE(first_expiry(two).ok());
  // Between the two it cannot be seen, and the last newline does not matter.
  for (std::size_t size = 1; size < two.size() - 1; ++size) {
    const bool is_one = size + 1 == one.size() || size == one.size();
    EXPECT_EQ(first_expiry(two.substr(0, size)).ok(), is_one) << size;
  }
  EXPECT_FALSE(first_expiry("").ok());
  EXPECT_FALSE(first_expiry("junk").ok());
}

TEST(Pem, AKeyIsThatOfTheCertificate) {
  const Pair one = make_pair();
  EXPECT_TRUE(check_pair(one.certificate, one.key).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(check_pair(one.certificate, make_pair().key)));
  EXPECT_TRUE(absl::IsFailedPrecondition(check_pair(one.certificate, "junk")));
  EXPECT_TRUE(absl::IsInvalidArgument(check_pair("junk", one.key)));
}

class Files : public ::testing::Test {
 protected:
  Files() {
    std::string directory = (std::filesystem::temp_directory_path() / "weir-tls-XXXXXX").string();
    directory_ = mkdtemp(directory.data());
  }
  ~Files() override { std::filesystem::remove_all(directory_); }

  TlsFiles::Paths paths() const {
    return {.certificate = {directory_ / "tls.crt", "--tls-certificate"},
            .key = {directory_ / "tls.key", "--tls-key"},
            .authorities = {directory_ / "ca.crt", "--tls-client-ca"}};
  }
  void write(const char* name, const std::string& content) const {
    std::ofstream(directory_ / "new") << content;
    std::filesystem::rename(directory_ / "new", directory_ / name);
  }
  void write(const Pair& pair) const {
    write("tls.crt", pair.certificate);
    write("tls.key", pair.key);
  }

  std::filesystem::path directory_;
};

TEST_F(Files, ThatFitAreTaken) {
  write(make_pair(3600));
  write("ca.crt", make_pair(7200).certificate);
  TlsFiles files(paths());
  ASSERT_TRUE(files.look().ok()) << files.look();
  EXPECT_GT(files.stats().certificate_expiry, std::time(nullptr));
  EXPECT_GT(files.stats().authorities_expiry, files.stats().certificate_expiry);
}

TEST_F(Files, AnErrorNamesTheSettingAndTheFile) {
  TlsFiles files(paths());
  EXPECT_EQ(files.look().message(), "--tls-certificate: cannot read " +
                                        (directory_ / "tls.crt").string() +
                                        ": No such file or directory");
  write(make_pair());
  write("tls.key", make_pair().key);
  EXPECT_EQ(files.look().message(),
            "--tls-key: " + (directory_ / "tls.key").string() +
                " is not the key (PEM, without a passphrase) of the certificate in " +
                (directory_ / "tls.crt").string());
  write(make_pair());
  write("ca.crt", "junk");
  EXPECT_EQ(files.look().message(),
            "--tls-client-ca: " + (directory_ / "ca.crt").string() + " is no PEM certificate");
  std::filesystem::resize_file(directory_ / "ca.crt", 2 << 20);
  EXPECT_THAT(std::string(files.look().message()), HasSubstr("larger than 1 MiB"));
}

TEST_F(Files, ACertificateNeedsAKey) {
  write(make_pair());
  TlsFiles::Paths without = paths();
  without.key.path = "";
  EXPECT_EQ(TlsFiles(without).look().message(), "--tls-key: is missing");
}

TEST_F(Files, WhatDoesNotFitChangesNothingAndIsCountedOnce) {
  write(make_pair(3600));
  write("ca.crt", make_pair().certificate);
  TlsFiles files(paths());
  ASSERT_TRUE(files.look().ok());
  const TlsFiles::Stats before = files.stats();
  const Pair next = make_pair(7200);
  write("tls.crt", next.certificate);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(files.look().ok());
  EXPECT_EQ(files.stats().certificate_expiry, before.certificate_expiry);
  EXPECT_EQ(files.stats().refused, before.refused + 1);
  std::filesystem::remove(directory_ / "tls.key");
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(files.look().ok());
  EXPECT_EQ(files.stats().refused, before.refused + 2);
  write("tls.key", next.key);
  EXPECT_TRUE(files.look().ok());
  EXPECT_GT(files.stats().certificate_expiry, before.certificate_expiry);
  EXPECT_EQ(files.stats().taken, before.taken + 1);
}

TEST_F(Files, ABrokenBundleKeepsNoCertificateBack) {
  write(make_pair(3600));
  write("ca.crt", make_pair().certificate);
  TlsFiles files(paths());
  ASSERT_TRUE(files.look().ok());
  const TlsFiles::Stats before = files.stats();
  write("ca.crt", "");
  write(make_pair(7200));
  EXPECT_FALSE(files.look().ok());
  EXPECT_GT(files.stats().certificate_expiry, before.certificate_expiry);
  EXPECT_EQ(files.stats().authorities_expiry, before.authorities_expiry);
}

TEST_F(Files, AreWatchedAndEachChangeIsToldOnce) {
  write(make_pair());
  write("ca.crt", make_pair().certificate);
  TlsFiles files(paths());
  ASSERT_TRUE(files.look().ok());
  test::Inbox<bool> told;  // whether each change was taken
  files.watch(milliseconds(1), [&](const absl::Status& change) { told.put(change.ok()); });
  write("ca.crt", "junk");
  EXPECT_EQ(told.take(), false);
  write("ca.crt", make_pair().certificate);
  EXPECT_EQ(told.take(), true);
  EXPECT_TRUE(told.empty());
}

}  // namespace
}  // namespace weir::rpc
