// What GetStatus says of a replica.
#include "kms/service/system_service.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/kms/service/in_process_server.h"

namespace fieldkms {
namespace {

grpc::Status GetStatus(const InProcessServer& server, v1::GetStatusResponse* response) {
  grpc::ClientContext client;
  return server.system->GetStatus(&client, {}, response);
}

TEST(SystemServiceTest, TellsOfTheReplicaAndWhatIsLoaded) {
  InProcessServer server;
  server.Make("acme", "card");
  v1::EncryptResponse encrypted;
  ASSERT_TRUE(server.Encrypt(server.EncryptRequest(), &encrypted).ok());
  v1::GetStatusResponse status;
  ASSERT_TRUE(GetStatus(server, &status).ok());
  EXPECT_EQ(status.version(), "1.2.3");
  EXPECT_EQ(status.replica_id(), std::string(32, 'a'));
  EXPECT_EQ(status.start_time().seconds(), 7);
  EXPECT_EQ(status.store().kind(), "sqlite");
  EXPECT_EQ(status.root().description(), "scripted");
  EXPECT_EQ(status.keyring().loaded_keys(), 1u);
  EXPECT_EQ(status.keyring().loaded_versions(), 1u);
  EXPECT_EQ(status.keyring().loaded_keks(), 1u);
  EXPECT_GE(status.memory().in_use_bytes(), 32u);
  EXPECT_GE(status.memory().reserved_bytes(), status.memory().in_use_bytes());
  EXPECT_EQ(server.audit.Lines().back().method, "SystemService.GetStatus");
}

TEST(SystemServiceTest, TellsHowTheRootIs) {
  InProcessServer server;
  v1::GetStatusResponse status;
  ASSERT_TRUE(GetStatus(server, &status).ok());
  EXPECT_EQ(status.root().state(), v1::ROOT_STATE_UP);
  EXPECT_EQ(status.root().last_error_reason(), "");
  server.root_health = {.state = BreakerState::kOpen,
                        .last_error = Reason::kRootUnavailable,
                        .since = WallTime(std::chrono::seconds(11))};
  ASSERT_TRUE(GetStatus(server, &status).ok());
  EXPECT_EQ(status.root().state(), v1::ROOT_STATE_DOWN);
  EXPECT_EQ(status.root().last_error_reason(), "ROOT_UNAVAILABLE");
  EXPECT_EQ(status.root().since().seconds(), 11);
  server.root_health.state = BreakerState::kHalfOpen;
  ASSERT_TRUE(GetStatus(server, &status).ok());
  EXPECT_EQ(status.root().state(), v1::ROOT_STATE_TRYING);
}

TEST(SystemServiceTest, TakesARuleForAllTenants) {
  for (const auto& [tenants, allowed] : {std::pair("acme", false), std::pair("*", true)}) {
    AccessPolicy policy;
    policy.roles["r"] = {{{Action::kSystemRead}, {tenants}, {}}};
    policy.principals = {{"me", {getuid()}, {"r"}, Rate{}}};
    InProcessServer server(policy);
    v1::GetStatusResponse status;
    EXPECT_EQ(GetStatus(server, &status).ok(), allowed) << tenants;
  }
}

}  // namespace
}  // namespace fieldkms
