// SPDX-License-Identifier: Apache-2.0
#include "server/config/names.h"

#include <gtest/gtest.h>

namespace weir::config {
namespace {

TEST(Names, TheNearestIsNamed) {
  const std::vector<std::string> known = {"--max-calls", "--max-connections", "--tls-certificate",
                                          "--tls-client-ca", "--address"};
  const struct {
    const char* name;
    const char* meant;
  } cases[] = {{"--max-cals", "--max-calls"},
               {"--maxcalls", "--max-calls"},
               {"--max_calls", "--max-calls"},
               {"--max-clals", "--max-calls"},
               {"--tls-cert", "--tls-certificate"},
               {"--tls-clientca", "--tls-client-ca"},
               {"--adress", "--address"},
               {"--max-calls-file", "--max-calls"},
               {"--max-conections", "--max-connections"}};
  for (const auto& one : cases) {
    EXPECT_EQ(no_such_setting(one.name, known),
              std::string(one.name) + ": no such setting; did you mean " + one.meant + "?");
  }
}

TEST(Names, WhatIsNearNothingIsNotGuessed) {
  EXPECT_EQ(no_such_setting("--colour", {"--address", "--loops"}),
            "--colour: no such setting; see --help");
  EXPECT_EQ(no_such_setting("--colour", {}), "--colour: no such setting; see --help");
}

TEST(Names, AreOneLine) {
  EXPECT_EQ(no_such_setting("WEIR_A\nB\x1b", {}), "WEIR_A\\nB\\x1b: no such setting; see --help");
}

// kubernetes.io/docs/tutorials/services/connect-applications-service, of services whose names begin
// with "weir".
TEST(Names, ServiceLinksAreOfOthers) {
  const struct {
    const char* variable;
    const char* value;
  } links[] = {{"WEIR_SERVICE_HOST", "10.0.0.1"},
               {"WEIR_SERVICE_PORT", "50051"},
               {"WEIR_SERVICE_PORT_GRPC", "50051"},
               {"WEIR_PORT", "tcp://10.0.0.1:50051"},
               {"WEIR_PORT_50051_TCP", "tcp://10.0.0.1:50051"},
               {"WEIR_PORT_50051_TCP_PROTO", "tcp"},
               {"WEIR_PORT_50051_TCP_PORT", "50051"},
               {"WEIR_PORT_50051_TCP_ADDR", "10.0.0.1"},
               {"WEIR_ADMIN_SERVICE_HOST", "10.0.0.2"},
               {"WEIR_POSTGRES_PORT", "tcp://10.0.0.3:5432"},
               {"WEIR_DNS_PORT_53_UDP_ADDR", "10.0.0.4"}};
  for (const auto& link : links)
    EXPECT_TRUE(is_of_others(link.variable, link.value)) << link.variable;
}

TEST(Names, WhatOnlyLooksLikeOneIsNot) {
  for (const char* variable : {"WEIR_PORT", "WEIR_PORT_TCP", "WEIR_PORT_50051", "WEIR_PORT_X_TCP",
                               "WEIR_SERVICE", "WEIR_TLS_CERTIFICAT", "WEIR_SUPPORT_1_TCPX"}) {
    EXPECT_FALSE(is_of_others(variable, "50051")) << variable;
  }
}

TEST(Names, TheCommandLineAndTheToolsHaveTheirOwn) {
  for (const char* variable : {"WEIR_TIMEOUT", "WEIR_TLS_CA", "WEIR_TEST_SEED", "WEIR_STACK_DIR"}) {
    EXPECT_TRUE(is_of_others(variable, "x")) << variable;
  }
}

}  // namespace
}  // namespace weir::config
