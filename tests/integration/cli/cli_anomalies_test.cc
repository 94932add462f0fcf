// fieldkms audit anomalies, on a trail that a service left.
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/support/paths.h"
#include "tests/support/subprocess.h"
#include "tests/unit/kms/audit/trail_fixture.h"

namespace fieldkms {
namespace {

using testing::CommandResult;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CliAnomaliesTest : public TrailTest {
 protected:
  // A trail of denied calls, and the alarm that a service raised over them.
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(const auto trail, Open());
    AuditRecord denied;
    denied.kind = AuditKind::kRefusal;
    denied.method = "CryptoService.Decrypt";
    denied.principal = "shop";
    denied.tenant = "acme";
    denied.items = denied.failed = 1;
    denied.code = denied.reason = "PERMISSION_DENIED";
    for (int i = 0; i < 6; ++i) ASSERT_OK(AppendAndWait(*trail, denied));
    AuditRecord alarm;
    alarm.kind = AuditKind::kAlarm;
    alarm.principal = "somebody";
    alarm.reason = "FIRST_USE";
    ASSERT_OK(AppendAndWait(*trail, alarm));
  }
  CommandResult Run(std::vector<std::string> more) {
    std::vector<std::string> arguments{testing::BinDir() + "/fieldkms", "audit", "anomalies",
                                       "--trail", path_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return testing::RunCommand({.argv = std::move(arguments)});
  }
  nlohmann::json Json(std::vector<std::string> more) {
    more.push_back("--json");
    const CommandResult result = Run(more);
    EXPECT_EQ(result.status.code, 0) << result.err;
    return nlohmann::json::parse(result.out, nullptr, false);
  }
  // A configuration with this section.
  std::string Config(const std::string& watch) {
    const std::string path = dir_.File("fieldkmsd.yaml");
    testing::WriteFile(path, "data_dir: /d\nwatch: " + watch + "\n");
    return path;
  }
};

TEST_F(CliAnomaliesTest, ListsTheAlarmsThatAreThere) {
  const auto list = Json({});
  ASSERT_EQ(list["records"].size(), 1u);
  EXPECT_EQ(list["records"][0]["index"], 7);
  EXPECT_EQ(list["records"][0]["record"]["reason"], "FIRST_USE");
  EXPECT_EQ(list["end"], true);
  EXPECT_THAT(Run({}).out, HasSubstr("\"kind\":\"alarm\""));
  EXPECT_THAT(Json({"--until", "2020"})["records"], IsEmpty());
}

TEST_F(CliAnomaliesTest, ReplaysTheRules) {
  const auto replayed = Json({"--replay"});
  EXPECT_EQ(replayed["found"], 1);
  EXPECT_EQ(replayed["records"], 8);
  ASSERT_EQ(replayed["alarms"].size(), 1u);
  EXPECT_EQ(replayed["alarms"][0]["alarm"], "REPEATED_FAILURES");
  EXPECT_EQ(replayed["alarms"][0]["principal"], "shop");
  EXPECT_THAT(Run({"--replay"}).out, HasSubstr("1 alarms of 8 records"));
  EXPECT_EQ(Json({"--replay", "--since", "2100-01-01T00:00:00Z"})["found"], 0);
}

TEST_F(CliAnomaliesTest, ReplaysWithOtherThresholds) {
  EXPECT_EQ(Json({"--replay", "--config", Config("{failures: {most: 6}}")})["found"], 0);
  const auto replayed =
      Json({"--replay", "--limit", "2", "--config", Config("{repeat: 0s, failures: {most: 0}}")});
  EXPECT_EQ(replayed["found"], 6);
  EXPECT_EQ(replayed["alarms"].size(), 2u);
}

TEST_F(CliAnomaliesTest, SaysWhatIsWrong) {
  EXPECT_EQ(Run({"--config", Config("{}")}).status.code, 2) << "without --replay";
  EXPECT_NE(Run({"--replay", "--since", "yesterday"}).status.code, 0);
  const CommandResult bad = Run({"--replay", "--config", Config("{faliures: 1}")});
  EXPECT_NE(bad.status.code, 0);
  EXPECT_THAT(bad.err, HasSubstr("watch"));
}

}  // namespace
}  // namespace fieldkms
