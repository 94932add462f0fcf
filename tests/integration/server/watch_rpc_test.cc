// What looks suspicious, as a real daemon sees it.
#include <gmock/gmock.h>
#include <unistd.h>

#include <thread>

#include "tests/integration/server/server_fixture.h"

namespace fieldkms::testing {
namespace {

class WatchRpcTest : public ServerTest {
 protected:
  void Start(const std::string& watch, const std::string& principal = "") {
    StartWith("memory: {lock: preferred}\nwatch: " + watch + R"(
access:
  roles:
    all:
      - {actions: [encrypt, decrypt, key.create, tenant.create], tenants: "*", keys: "*"}
  principals:
    me: {users: [)" +
              std::to_string(getuid()) + "], roles: [all]" + principal + "}\n");
    if (card_.empty()) {
      CreateTenant("acme");
      CreateKey("acme", "customers.card");
      card_ = Encrypt("acme", "customers.card", "4111111111111111", "1");
    }
  }
  // The alarms, once there are so many.
  std::vector<nlohmann::json> AwaitAlarms(size_t count) {
    for (;;) {
      std::vector<nlohmann::json> alarms;
      for (const auto& line : AuditLines()) {
        if (line["kind"] == "alarm") alarms.push_back(line);
      }
      if (alarms.size() >= count) return alarms;
      std::this_thread::yield();
    }
  }

  std::string card_;
};

TEST_F(WatchRpcTest, RepeatedFailuresAreARecordThatIsSignedLikeAllOthers) {
  Start("{learning: 24h}");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Verdict(Decrypt("acme", card_, "2")), "INVALID_ARGUMENT DECRYPT_FAILED");
  }
  ASSERT_EQ(daemon_->Terminate().code, 0);
  Start("{learning: 24h}");  // and counts on
  EXPECT_EQ(Verdict(Decrypt("acme", card_, "2")), "INVALID_ARGUMENT DECRYPT_FAILED");
  const auto alarms = AwaitAlarms(1);
  EXPECT_EQ(alarms[0]["reason"], "REPEATED_FAILURES");
  EXPECT_EQ(alarms[0]["principal"], "me");
  EXPECT_EQ(alarms[0]["uid"], getuid());
  EXPECT_EQ(alarms[0]["method"], "CryptoService.Decrypt");
  EXPECT_EQ(alarms[0]["tenant"], "acme");
  EXPECT_EQ(alarms[0]["items"], 6);
  ASSERT_EQ(daemon_->Terminate().code, 0);
  EXPECT_EQ(AuditLines().back()["kind"], "stop");
  EXPECT_EQ(AwaitAlarms(1).size(), 1u) << "raised once";
}

TEST_F(WatchRpcTest, ADecoyIsSeenAtItsFirstUse) {
  Start("{decoys: {keys: [\"acme/customers.*\"]}}");
  const auto alarms = AwaitAlarms(1);
  EXPECT_EQ(alarms[0]["reason"], "DECOY");
  EXPECT_EQ(alarms[0]["key"], "customers.card");
}

TEST_F(WatchRpcTest, WhoIsShownTooMuchIsStoppedAndTold) {
  Start("{learning: 24h}", ", reveals_per_hour: 3, reveal_stop: true");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Verdict(Decrypt("acme", card_, "1")), "OK");
  const grpc::Status stopped = Decrypt("acme", card_, "1");
  EXPECT_EQ(Verdict(stopped), "RESOURCE_EXHAUSTED RATE_LIMITED");
  EXPECT_TRUE(HasRetryInfo(stopped));
  const auto alarms = AwaitAlarms(1);
  EXPECT_EQ(alarms[0]["reason"], "REVEAL_BUDGET");
  EXPECT_EQ(alarms[0]["principal"], "me");
  EXPECT_EQ(alarms[0]["items"], 1);
}

TEST_F(WatchRpcTest, ABudgetWithoutAStopIsAnAlarmOnly) {
  Start("{learning: 24h}", ", reveals_per_hour: 3");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Verdict(Decrypt("acme", card_, "1")), "OK");
  EXPECT_EQ(AwaitAlarms(1)[0]["reason"], "REVEAL_BUDGET");
}

}  // namespace
}  // namespace fieldkms::testing
