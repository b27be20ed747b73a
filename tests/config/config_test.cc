// SPDX-License-Identifier: Apache-2.0
#include "server/config/config.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/config/scoped_environment.h"

namespace weir::config {
namespace {

using std::chrono::seconds;
using test::Arguments;
using test::ScopedEnvironment;

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    environment_.set("WEIR_DATABASE_URL", "postgres://weir:hunter2@db/weir");
    environment_.set("WEIR_REDIS_URL", "");  // as good as unset, whatever the tests run in
  }

  absl::StatusOr<Config> read(Arguments arguments) { return read_config(arguments.get()); }
  std::string error(Arguments arguments) {
    const absl::StatusOr<Config> config = read_config(arguments.get());
    EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
    const std::string message(config.status().message());
    EXPECT_EQ(message.find('\n'), std::string::npos) << "more than one line: " << message;
    EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
    return message;
  }

  ScopedEnvironment environment_;
};

TEST_F(ConfigTest, TheDefaultsAreComplete) {
  const absl::StatusOr<Config> config = read({});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->rpc.address, "127.0.0.1:50051");
  EXPECT_EQ(config->admin_address, "127.0.0.1:8081");
  EXPECT_TRUE(config->redis_url.empty());
}

TEST_F(ConfigTest, TheDefaultsFitIntoTheGracePeriod) {
  const absl::StatusOr<Config> config = read({});
  ASSERT_TRUE(config.ok());
  EXPECT_LT(config->longest_end(), config->grace_period);
}

TEST_F(ConfigTest, ADrainThatDoesNotFitIsAnErrorWithTheSum) {
  const std::string message = error({"--drain-finish=2m"});
  EXPECT_EQ(message.find("--grace-period"), 0u) << message;
  EXPECT_NE(message.find("2m55s"), std::string::npos) << message;
  EXPECT_TRUE(read({"--drain-finish=2m", "--grace-period=3m"}).ok());
}

TEST_F(ConfigTest, ADrainThatFitsExactlyLeavesNothingForTheRest) {
  EXPECT_FALSE(read({"--grace-period=75s"}).ok());
  EXPECT_TRUE(read({"--grace-period=76s"}).ok());
}

TEST_F(ConfigTest, WithoutADatabaseItAsksForOne) {
  environment_.set("WEIR_DATABASE_URL", "");
  EXPECT_EQ(error({}).find("WEIR_DATABASE_URL"), 0u);
}

TEST_F(ConfigTest, ADatabaseUrlThatIsNoneIsAnErrorThatDoesNotRepeatIt) {
  for (const char* url : {"mysql://weir:hunter2@db/weir", "postgres://weir:hunter2@[db/weir",
                          "postgres://weir:hunter2@db/weir?colour=red", "hunter2"}) {
    environment_.set("WEIR_DATABASE_URL", url);
    EXPECT_EQ(error({}).find("WEIR_DATABASE_URL: "), 0u) << url;
    environment_.set("WEIR_DATABASE_URL", "host=db user=weir password=hunter2");
    environment_.set("WEIR_DIRECT_DATABASE_URL", url);
    EXPECT_EQ(error({}).find("WEIR_DIRECT_DATABASE_URL: "), 0u) << url;
    environment_.set("WEIR_DIRECT_DATABASE_URL", "");
    environment_.set("WEIR_READ_DATABASE_URL", url);
    EXPECT_EQ(error({}).find("WEIR_READ_DATABASE_URL: "), 0u) << url;
    environment_.set("WEIR_READ_DATABASE_URL", "");
  }
}

TEST_F(ConfigTest, TheDatabaseMayComeFromAFile) {
  environment_.set("WEIR_DATABASE_URL", "");
  environment_.set("WEIR_DATABASE_URL_FILE", environment_.file("postgres://file/weir\n"));
  const absl::StatusOr<Config> config = read({});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->postgres.url, "postgres://file/weir");
}

TEST_F(ConfigTest, AStandbyToReadFromIsThereOnlyIfItIsNamed) {
  EXPECT_TRUE(read({})->standby.url.empty());
  environment_.set("WEIR_READ_DATABASE_URL_FILE", environment_.file("postgres://standby/weir\n"));
  const absl::StatusOr<Config> config = read({"--read-max-lag=250ms"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->standby.url, "postgres://standby/weir");
  EXPECT_EQ(config->standby.max_lag, std::chrono::milliseconds(250));
}

TEST_F(ConfigTest, ARedisUrlThatIsNoneIsAnErrorThatDoesNotRepeatIt) {
  for (const char* url : {"http://hunter2@cache", "redis://:hunter2@cache:port", "hunter2"}) {
    environment_.set("WEIR_REDIS_URL", url);
    EXPECT_EQ(error({}).find("WEIR_REDIS_URL: "), 0u) << url;
  }
}

TEST_F(ConfigTest, ARedisUrlBecomesAnAddress) {
  environment_.set("WEIR_REDIS_URL", "redis://:hunter2@cache:6380/3");
  const absl::StatusOr<Config> config = read({});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->redis.address.host, "cache");
  EXPECT_EQ(config->redis.address.port, 6380);
  EXPECT_EQ(config->redis.address.database, 3);
  EXPECT_EQ(config->redis.address.password, "hunter2");
}

TEST_F(ConfigTest, WithoutASecretThereIsARandomOne) {
  const absl::StatusOr<Config> one = read({});
  const absl::StatusOr<Config> other = read({});
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_GE(one->secret.size(), 16u);
  EXPECT_NE(one->secret, other->secret);
}

TEST_F(ConfigTest, ASecretThatIsTooShortIsAnErrorThatDoesNotRepeatIt) {
  environment_.set("WEIR_SECRET", "hunter2");
  EXPECT_EQ(error({}), "WEIR_SECRET: must have 16 bytes or more");
}

TEST_F(ConfigTest, ATokenOfTheAdminPortIsLongAndFitsIntoAHeader) {
  for (const char* wrong : {"short", "sixteen with spaces in it", "sixteen_and_a_line\nmore"}) {
    environment_.set("WEIR_ADMIN_TOKEN", wrong);
    EXPECT_EQ(error({}), "WEIR_ADMIN_TOKEN: must have 16 characters or more, without spaces");
  }
  environment_.set("WEIR_ADMIN_TOKEN", "0123456789abcdef");
  EXPECT_TRUE(read({}).ok());
}

TEST_F(ConfigTest, AnAddressWithoutAPortIsAnError) {
  for (const char* wrong : {"localhost", "localhost:", "localhost:http", "localhost:70000"}) {
    EXPECT_EQ(error({"--address", wrong}).find("--address (WEIR_ADDRESS): must be host:port"), 0u)
        << wrong;
    EXPECT_EQ(error({"--admin-address", wrong}).find("--admin-address"), 0u) << wrong;
  }
  EXPECT_TRUE(read({"--address=[::]:0", "--admin-address=localhost:0"}).ok());
}

TEST_F(ConfigTest, AnAddressIsReadWhole) {
  EXPECT_EQ(error({"--address=[::1:50051"}),
            "--address (WEIR_ADDRESS): the ] after the IPv6 address is missing");
  EXPECT_EQ(read({"--address=unix:/run/weir.sock"})->rpc.address, "unix:/run/weir.sock");
  EXPECT_EQ(error({"--admin-address=unix:/run/weir.sock"}).find("--admin-address"), 0u);
}

TEST_F(ConfigTest, WhatDoesNotFitTogetherIsNamedAsOneSetIt) {
  EXPECT_EQ(error({"--postgres-min-connections=9", "--postgres-max-connections=8"})
                .find("--postgres-min-connections (WEIR_POSTGRES_MIN_CONNECTIONS): "),
            0u);
  EXPECT_EQ(error({"--tls-key=x"}).find("--tls-certificate (WEIR_TLS_CERTIFICATE): "), 0u);
  EXPECT_EQ(error({"--tls-client-ca=x"}).find("--tls-client-ca (WEIR_TLS_CLIENT_CA): "), 0u);
  EXPECT_EQ(error({"--authorization-policy=x"})
                .find("--authorization-policy (WEIR_AUTHORIZATION_POLICY): "),
            0u);
  EXPECT_EQ(error({"--grace-period=1s"}).find("--grace-period (WEIR_GRACE_PERIOD): "), 0u);
}

TEST_F(ConfigTest, HelpNeedsNothingElseToBeRight) {
  environment_.set("WEIR_DATABASE_URL", "");
  const absl::StatusOr<Config> config = read({"--help"});
  ASSERT_TRUE(config.ok());
  EXPECT_TRUE(config->show_help);
  EXPECT_TRUE(read({"--version"})->show_version);
}

TEST_F(ConfigTest, TheVersionOfAnImageIsNotAQuestion) {
  environment_.set("WEIR_VERSION", "1.2.3");
  const absl::StatusOr<Config> config = read({});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_FALSE(config->show_help || config->show_version);
}

// What an orchestrator puts there for a service that is called weir.
TEST_F(ConfigTest, VariablesOfAnotherMeaningAreLeftAlone) {
  environment_.set("WEIR_PORT", "tcp://10.0.0.1:50051");
  environment_.set("WEIR_SERVICE_HOST", "10.0.0.1");
  EXPECT_TRUE(read({}).ok());
}

TEST_F(ConfigTest, AMistypedVariableEndsTheStart) {
  environment_.set("WEIR_TLS_CERTIFICAT", "/etc/weir/tls.crt");
  EXPECT_EQ(error({}), "WEIR_TLS_CERTIFICAT: no such setting; did you mean WEIR_TLS_CERTIFICATE?");
  EXPECT_TRUE(read({"--help"}).ok());
}

class Usage : public ::testing::Test {
 protected:
  const std::string text_ = usage();
};

TEST_F(Usage, NamesEverySettingWithItsDefaultAndRange) {
  for (const char* part :
       {"--address", "WEIR_ADDRESS", "host:port, or unix:/path; default 127.0.0.1:50051",
        "--max-calls", "1 to 1000000 calls; default 20000", "WEIR_DATABASE_URL_FILE",
        "WEIR_REDIS_URL", "--drain-announce", "0 to 1h; default 45s", "--grace-period",
        "Exit status"}) {
    EXPECT_NE(text_.find(part), std::string::npos) << part;
  }
}

TEST_F(Usage, FitsATerminal) {
  std::size_t begin = 0;
  for (std::size_t end; (end = text_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    EXPECT_LE(end - begin, 120u) << text_.substr(begin, end - begin);
  }
}

TEST_F(Usage, HoldsNoSecretOfTheEnvironment) {
  ScopedEnvironment environment;
  environment.set("WEIR_SECRET", "hunter2hunter2hunter2");
  EXPECT_EQ(usage().find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace weir::config
