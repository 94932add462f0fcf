// fieldkms doctor against a real daemon.
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "tests/integration/cli/cli_fixture.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;

class CliDoctorTest : public CliTest {
 protected:
  static nlohmann::json FindingOf(const nlohmann::json& report, const std::string& check) {
    for (const auto& finding : report["checks"]) {
      if (finding["check"] == check) return finding;
    }
    ADD_FAILURE() << "no finding on " << check;
    return {};
  }
};

TEST_F(CliDoctorTest, AHealthyServiceIsHealthy) {
  const Run run = Cli({"doctor", "--data-dir", daemon().data_dir(), "--json"});
  EXPECT_EQ(run.code, 0) << run.out;
  const auto report = Parsed(run.out);
  EXPECT_EQ(report["healthy"], true);
  for (const char* check :
       {"socket", "service", "access", "core dumps", "data directory", "root key", "store"}) {
    EXPECT_EQ(FindingOf(report, check)["level"], "ok") << FindingOf(report, check);
  }
  EXPECT_THAT(std::string(FindingOf(report, "socket")["detail"]),
              HasSubstr("process " + std::to_string(daemon().pid())));
}

TEST_F(CliDoctorTest, SpeaksToPeople) {
  const Run run = Cli({"doctor"});
  EXPECT_EQ(run.code, 0) << run.out;
  EXPECT_THAT(run.out, HasSubstr("CHECK          LEVEL  DETAIL\n"));
  EXPECT_THAT(run.out, HasSubstr("service        ok     serving\n"));
}

TEST_F(CliDoctorTest, FindsARootKeyThatOthersCanRead) {
  const std::string path = daemon().data_dir() + "/root.key";
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  const Run run = Cli({"doctor", "--data-dir", daemon().data_dir(), "--json"});
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  EXPECT_EQ(run.code, 1);
  const auto finding = FindingOf(Parsed(run.out), "root key");
  EXPECT_EQ(finding["level"], "fail");
  EXPECT_THAT(std::string(finding["advice"]), HasSubstr("chmod 0600"));
}

TEST_F(CliDoctorTest, AServiceThatIsDownIsUnavailable) {
  const TempDir nowhere;
  const Run run = CliAt("unix:" + nowhere.File("s"), {"doctor", "--json"});
  EXPECT_EQ(run.code, 6);
  const auto report = Parsed(run.out);
  EXPECT_EQ(report["healthy"], false);
  EXPECT_EQ(FindingOf(report, "socket")["level"], "fail");
  EXPECT_EQ(FindingOf(report, "service")["level"], "fail");
}

TEST_F(CliDoctorTest, WaitsForAServiceThatComes) {
  const TempDir dir;
  Daemon late({.data_dir = dir.File("data")});
  Subprocess doctor({.argv = {BinaryPath("fieldkms"), "doctor", "--wait", "60"},
                     .env = {{"FIELDKMS_TARGET", late.target()}},
                     .stdout_path = dir.File("out")});
  ASSERT_OK(late.Start());
  EXPECT_EQ(doctor.Wait(), (ExitStatus{.code = 0}));
  EXPECT_THAT(ReadFile(dir.File("out")), HasSubstr("serving"));
}

}  // namespace
}  // namespace fieldkms::testing
