// SPDX-License-Identifier: Apache-2.0
#include "server/config/settings.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/config/scoped_environment.h"

namespace weir::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Arguments;
using test::ScopedEnvironment;

// One setting of each kind.
class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() {
    table_.section("Things");
    table_.text("some-text", &text_, "a text");
    table_.choice("some-choice", &choice_, {"red", "green"}, "a colour");
    table_.secret("some-secret", &secret_, "a secret");
    table_.flag("some-flag", &flag_, "a switch");
    table_.number("some-number", &number_, 1, 100, "calls", "a number");
    table_.duration("some-time", &time_, milliseconds(10), seconds(60), "a time");
    table_.command("do-it", &command_, "not a setting");
  }

  absl::Status parse(Arguments arguments) { return table_.parse(arguments.get()); }
  std::string error(Arguments arguments) {
    const absl::Status status = table_.parse(arguments.get());
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  }

  ScopedEnvironment environment_;
  Settings table_;
  std::string text_ = "default";
  std::string choice_ = "red";
  std::string secret_;
  bool flag_ = false;
  int number_ = 5;
  Duration time_ = seconds(1);
  bool command_ = false;
};

TEST_F(SettingsTest, WithoutAnythingTheDefaultsStay) {
  ASSERT_TRUE(parse({}).ok());
  EXPECT_EQ(text_, "default");
  EXPECT_EQ(number_, 5);
  EXPECT_EQ(time_, seconds(1));
}

TEST_F(SettingsTest, FlagsTakeTheirValueAfterEqualsOrNext) {
  ASSERT_TRUE(parse({"--some-number=7", "--some-time", "250ms", "--some-choice", "green"}).ok());
  EXPECT_EQ(number_, 7);
  EXPECT_EQ(time_, milliseconds(250));
  EXPECT_EQ(choice_, "green");
}

TEST_F(SettingsTest, ASwitchNeedsNoValueAndMayHaveOne) {
  ASSERT_TRUE(parse({"--some-flag"}).ok());
  EXPECT_TRUE(flag_);
  ASSERT_TRUE(parse({"--some-flag=false"}).ok());
  EXPECT_FALSE(flag_);
}

TEST_F(SettingsTest, TheEnvironmentIsRead) {
  environment_.set("WEIR_SOME_NUMBER", "8");
  environment_.set("WEIR_SOME_FLAG", "true");
  ASSERT_TRUE(parse({}).ok());
  EXPECT_EQ(number_, 8);
  EXPECT_TRUE(flag_);
}

TEST_F(SettingsTest, AFlagWinsOverTheEnvironment) {
  environment_.set("WEIR_SOME_NUMBER", "8");
  ASSERT_TRUE(parse({"--some-number=9"}).ok());
  EXPECT_EQ(number_, 9);
}

TEST_F(SettingsTest, AnEmptyVariableSaysNothing) {
  environment_.set("WEIR_SOME_NUMBER", "");
  ASSERT_TRUE(parse({}).ok());
  EXPECT_EQ(number_, 5);
}

TEST_F(SettingsTest, EveryWrongValueIsOneLineThatNamesItsSetting) {
  static constexpr struct {
    const char* argument;
    const char* message;
  } kCases[] = {
      {"--some-number=0", "--some-number (WEIR_SOME_NUMBER): must be from 1 to 100"},
      {"--some-number=101", "--some-number (WEIR_SOME_NUMBER): must be from 1 to 100"},
      {"--some-number=ten", "--some-number (WEIR_SOME_NUMBER): must be a whole number"},
      {"--some-number=1.5", "--some-number (WEIR_SOME_NUMBER): must be a whole number"},
      {"--some-number=", "--some-number (WEIR_SOME_NUMBER): must be a whole number"},
      {"--some-number=99999999999999999999",
       "--some-number (WEIR_SOME_NUMBER): must be a whole number"},
      {"--some-time=5",
       "--some-time (WEIR_SOME_TIME): must be a time with its unit, such as 500ms, 2s or 5m"},
      {"--some-time=9ms", "--some-time (WEIR_SOME_TIME): must be from 10ms to 1m"},
      {"--some-time=61s", "--some-time (WEIR_SOME_TIME): must be from 10ms to 1m"},
      {"--some-time=-1s", "--some-time (WEIR_SOME_TIME): must be from 10ms to 1m"},
      {"--some-time=inf", "--some-time (WEIR_SOME_TIME): must be from 10ms to 1m"},
      {"--some-flag=maybe", "--some-flag (WEIR_SOME_FLAG): must be true or false"},
      {"--some-choice=blue", "--some-choice (WEIR_SOME_CHOICE): must be one of red | green"},
      {"--some-text=", "--some-text (WEIR_SOME_TEXT): must not be empty"},
      {"--some-number", "--some-number (WEIR_SOME_NUMBER): needs a value"},
      {"--some-numbr=3", "--some-numbr: no such setting; did you mean --some-number?"},
      {"--other=3", "--other: no such setting; see --help"},
  };
  for (const auto& [argument, message] : kCases) EXPECT_EQ(error({argument}), message);
}

TEST_F(SettingsTest, AWrongVariableIsNamedAsWell) {
  environment_.set("WEIR_SOME_TIME", "soon");
  EXPECT_EQ(error({}).find("--some-time (WEIR_SOME_TIME): "), 0u);
}

TEST_F(SettingsTest, TheBoundsOfARangeAreInIt) {
  EXPECT_TRUE(parse({"--some-number=1", "--some-time=10ms"}).ok());
  EXPECT_TRUE(parse({"--some-number=100", "--some-time=60s"}).ok());
}

TEST_F(SettingsTest, ASecretComesFromItsVariable) {
  environment_.set("WEIR_SOME_SECRET", "hunter2");
  ASSERT_TRUE(parse({}).ok());
  EXPECT_EQ(secret_, "hunter2");
}

TEST_F(SettingsTest, ASecretComesFromItsFileWithoutTheLastNewline) {
  environment_.set("WEIR_SOME_SECRET_FILE", environment_.file("hunter2\n"));
  ASSERT_TRUE(parse({}).ok());
  EXPECT_EQ(secret_, "hunter2");
}

TEST_F(SettingsTest, OnlySecretsComeFromFiles) {
  environment_.set("WEIR_SOME_NUMBER_FILE", environment_.file("9"));
  ASSERT_TRUE(parse({}).ok());
  EXPECT_EQ(number_, 5);
  EXPECT_EQ(table_.check_variables().message(),
            "WEIR_SOME_NUMBER_FILE: no such setting; did you mean WEIR_SOME_NUMBER?");
}

TEST_F(SettingsTest, AVariableThatIsNoSettingIsAnErrorThatNamesTheNearestAndNotTheValue) {
  EXPECT_TRUE(table_.check_variables().ok()) << table_.check_variables();
  environment_.set("WEIR_SOME_SECRT", "hunter2");
  EXPECT_EQ(table_.check_variables().message(),
            "WEIR_SOME_SECRT: no such setting; did you mean WEIR_SOME_SECRET?");
  environment_.set("WEIR_SOME_SECRT", "");  // as good as unset
  EXPECT_TRUE(table_.check_variables().ok()) << table_.check_variables();
}

// Else the server would serve where a mere migration was asked for.
TEST_F(SettingsTest, ACommandInTheEnvironmentIsAnError) {
  environment_.set("WEIR_DO_IT", "true");
  EXPECT_EQ(table_.check_variables().message(), "WEIR_DO_IT: is a flag only, --do-it");
}

// An empty file is a mistake of the deployment, and must not pass for "no secret".
TEST_F(SettingsTest, ASecretsFileThatCannotBeReadIsAnError) {
  for (const std::string& path :
       {std::string("/nowhere/secret"), std::string("/"), environment_.file("\n")}) {
    ScopedEnvironment inner;
    inner.set("WEIR_SOME_SECRET_FILE", path);
    const std::string message = error({});
    EXPECT_EQ(message.find("WEIR_SOME_SECRET_FILE: "), 0u) << message;
    EXPECT_NE(message.find(path), std::string::npos) << message;
  }
}

// Everybody on the machine can read a command line.
TEST_F(SettingsTest, ASecretIsRefusedAsAFlagAndNotRepeated) {
  EXPECT_EQ(
      error({"--some-secret=hunter2"}),
      "--some-secret (WEIR_SOME_SECRET): is a secret: give it in the environment or in a file");
  EXPECT_EQ(error({"--some-secret", "hunter2"}), error({"--some-secret=hunter2"}));
  EXPECT_EQ(secret_, "");
}

TEST_F(SettingsTest, WhatIsNoOptionIsNotRepeatedForItMayBeASecret) {
  EXPECT_EQ(error({"--some-flag", "postgres://user:hunter2@host"}),
            "argument 2 is not an option; see --help");
  EXPECT_EQ(error({"--another-sceret=hunter2"}), "--another-sceret: no such setting; see --help");
}

// WEIR_VERSION is what a deployment may well call the version of its image.
TEST_F(SettingsTest, ACommandIsNotReadFromTheEnvironment) {
  environment_.set("WEIR_DO_IT", "1.2.3");
  ASSERT_TRUE(parse({}).ok());
  EXPECT_FALSE(command_);
  ASSERT_TRUE(parse({"--do-it"}).ok());
  EXPECT_TRUE(command_);
}

TEST_F(SettingsTest, HelpShowsNamesDefaultsUnitsAndRanges) {
  environment_.set("WEIR_SOME_SECRET", "hunter2");
  ASSERT_TRUE(parse({"--some-number=77"}).ok());
  const std::string help = table_.help();
  for (const char* part :
       {"Things\n", "--some-text", "WEIR_SOME_TEXT", "default default", "red | green; default red",
        "WEIR_SOME_SECRET_FILE", "1 to 100 calls; default 5", "10ms to 1m; default 1s",
        "true | false; default false", "--do-it"}) {
    EXPECT_NE(help.find(part), std::string::npos) << part << " is not in\n" << help;
  }
  EXPECT_EQ(help.find("hunter2"), std::string::npos);
  EXPECT_EQ(help.find("--some-secret"), std::string::npos);
  EXPECT_EQ(help.find("WEIR_DO_IT"), std::string::npos);
}

TEST_F(SettingsTest, WhatIsNotTheDefaultIsListedAndASecretIsOnlySet) {
  ASSERT_TRUE(parse({}).ok());
  EXPECT_TRUE(table_.changed().empty());
  environment_.set("WEIR_SOME_SECRET", "open sesame");
  ASSERT_TRUE(parse({"--some-number=7", "--some-flag", "--some-time=1000ms", "--do-it"}).ok());
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"some-secret", "set"}, {"some-flag", "true"}, {"some-number", "7"}};
  EXPECT_EQ(table_.changed(), expected);
}

}  // namespace
}  // namespace weir::config
