#include "kms/server/watch_start.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

#include "kms/audit/audit_wait.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using Json = nlohmann::json;

class WatchStartTest : public ::testing::Test {
 protected:
  void Start() {
    SealedTrailOptions options;
    options.key_path = dir_.File("audit.key");
    ASSERT_OK_AND_ASSIGN(trail_, SealedTrail::Open(path_, SystemClock(), std::move(options)));
    ASSERT_OK_AND_ASSIGN(watch_, TrailWatch::Start(config_, *trail_, *reveals_));
  }
  // All records are durable, and looked at.
  void Stop() {
    watch_->Stop();
    AuditRecord stop;
    stop.kind = AuditKind::kStop;
    EXPECT_OK(AppendAndWait(*trail_, stop));
    counts_ = watch_->Counts();
    watch_.reset();
    trail_.reset();
  }
  void Deny(int count, const char* principal = "shop") {
    AuditRecord record;
    record.kind = AuditKind::kRefusal;
    record.method = "CryptoService.Decrypt";
    record.principal = principal;
    record.tenant = "acme";
    record.items = record.failed = 1;
    record.code = record.reason = "PERMISSION_DENIED";
    for (int i = 0; i < count; ++i) EXPECT_OK(AppendAndWait(watch_->sink(), record));
  }
  std::vector<Json> Alarms() {
    std::vector<Json> alarms;
    std::istringstream text(testing::ReadFile(path_));
    for (std::string line; std::getline(text, line);) {
      Json record = Json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (record.is_object() && record["kind"] == "alarm") alarms.push_back(std::move(record));
    }
    return alarms;
  }

  testing::TempDir dir_;
  const std::string path_ = dir_.File("audit.jsonl");
  WatchConfig config_;
  AccessPolicy policy_;
  std::unique_ptr<RevealBudgets> reveals_ = MakeRevealBudgets(policy_);
  std::unique_ptr<SealedTrail> trail_;
  std::unique_ptr<TrailWatch> watch_;
  WatchCounts counts_;
};

TEST_F(WatchStartTest, AnAlarmIsARecordAndANumber) {
  Start();
  Deny(6);
  Stop();
  const auto alarms = Alarms();
  ASSERT_EQ(alarms.size(), 1u);
  EXPECT_EQ(alarms[0]["reason"], "REPEATED_FAILURES");
  EXPECT_EQ(alarms[0]["principal"], "shop");
  EXPECT_EQ(alarms[0]["tenant"], "acme");
  EXPECT_EQ(alarms[0]["items"], 6);
  ASSERT_EQ(counts_.alarms.size(), kAlarmRules);
  EXPECT_EQ(counts_.alarms[0].first, "REPEATED_FAILURES");
  EXPECT_EQ(counts_.alarms[0].second, 1u);
  EXPECT_EQ(counts_.alarms[1].second, 0u);
  EXPECT_EQ(counts_.unwatched_records, 0u);
  EXPECT_FALSE(counts_.undelivered) << "there is no webhook";
}

// The count begins before the restart, and ends after it.
TEST_F(WatchStartTest, RemembersFromTheTrailWhatWasBeforeARestart) {
  Start();
  Deny(5);
  Stop();
  Start();
  Deny(1);
  while (Alarms().empty()) std::this_thread::yield();  // a stop would cut the reading short
  Stop();
  EXPECT_EQ(Alarms().size(), 1u);
}

TEST_F(WatchStartTest, WhoIsNotWatchedIsRecorded) {
  config_.enabled = false;
  Start();
  Deny(10);
  Stop();
  EXPECT_TRUE(Alarms().empty());
  EXPECT_TRUE(counts_.alarms.empty());
}

TEST_F(WatchStartTest, ExcessesOfBudgetsAreAlarms) {
  AccessPolicy::Member clerk{.name = "clerk"};
  clerk.reveals = {10, true};
  policy_.principals.push_back(clerk);
  reveals_ = MakeRevealBudgets(policy_);
  Start();
  EXPECT_EQ(reveals_->Take({"clerk"}, 10, SystemClock().Steady()).count(), 0);
  EXPECT_NE(reveals_->Take({"clerk"}, 3, SystemClock().Steady()).count(), 0);
  Deny(1, "clerk");
  Stop();
  const auto alarms = Alarms();
  ASSERT_EQ(alarms.size(), 1u);
  EXPECT_EQ(alarms[0]["reason"], "REVEAL_BUDGET");
  EXPECT_EQ(alarms[0]["principal"], "clerk");
  EXPECT_EQ(alarms[0]["items"], 3);
}

TEST_F(WatchStartTest, AWebhookThatCannotBeIsRefused) {
  SealedTrailOptions options;
  options.key_path = dir_.File("audit.key");
  ASSERT_OK_AND_ASSIGN(trail_, SealedTrail::Open(path_, SystemClock(), std::move(options)));
  config_.webhook_url = "https://alarms/here";
  config_.webhook_ca_file = "/nowhere/ca.pem";
  EXPECT_THAT(TrailWatch::Start(config_, *trail_, *reveals_), StatusIs(Reason::kConfigInvalid));
}

}  // namespace
}  // namespace fieldkms
