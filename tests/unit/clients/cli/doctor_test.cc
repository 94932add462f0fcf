#include "clients/cli/doctor.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using testing::TempDir;
using testing::WriteFile;

// A socket bound at `path`, listening if asked to.
class BoundSocket {
 public:
  BoundSocket(const std::string& path, bool listening) : fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    if (listening) {
      EXPECT_EQ(listen(fd_, 1), 0);
    }
  }
  ~BoundSocket() { close(fd_); }

 private:
  int fd_;
};

class CheckSocketTest : public ::testing::Test {
 protected:
  Finding Check() { return CheckSocket(path_, &peer_); }
  TempDir dir_;
  const std::string path_ = dir_.File("s");
  std::optional<SocketPeer> peer_;
};

TEST_F(CheckSocketTest, MissingOneFails) {
  const Finding finding = Check();
  EXPECT_EQ(finding.level, Level::kFail);
  EXPECT_THAT(finding.advice, ::testing::HasSubstr("start fieldkmsd"));
  EXPECT_FALSE(peer_.has_value());
}

TEST_F(CheckSocketTest, LeftOverFails) {
  const BoundSocket dead(path_, false);
  const Finding finding = Check();
  EXPECT_EQ(finding.level, Level::kFail);
  EXPECT_THAT(finding.advice, ::testing::HasSubstr("left-over"));
}

TEST_F(CheckSocketTest, FileFails) {
  WriteFile(path_, "");
  EXPECT_EQ(Check().level, Level::kFail);
}

TEST_F(CheckSocketTest, KnowsWhoListens) {
  const BoundSocket alive(path_, true);
  EXPECT_EQ(Check().level, Level::kOk);
  ASSERT_TRUE(peer_.has_value());
  EXPECT_EQ(peer_->pid, getpid());
  EXPECT_EQ(peer_->uid, geteuid());
}

TEST_F(CheckSocketTest, WarnsOfADirectoryForEverybody) {
  const BoundSocket alive(path_, true);
  ASSERT_EQ(chmod(dir_.path().c_str(), 0777), 0);
  EXPECT_EQ(Check().level, Level::kWarn);
}

TEST(CheckServiceTest, FailsWhereNobodyAnswers) {
  const TempDir dir;
  ASSERT_OK_AND_ASSIGN(const auto client, Client::Create({.target = "unix:" + dir.File("s")}));
  EXPECT_EQ(CheckService(client.get(), std::chrono::milliseconds(0)).level, Level::kFail);
}

TEST(LimitOfTest, ReadsTheKernelsTable) {
  const std::string limits =
      "Limit                     Soft Limit           Hard Limit           Units     \n"
      "Max core file size        0                    unlimited            bytes     \n"
      "Max locked memory         8388608              8388608              bytes     \n"
      "Max cpu time              unlimited            unlimited            seconds   \n";
  EXPECT_EQ(LimitOf(limits, "Max core file size"), 0u);
  EXPECT_EQ(LimitOf(limits, "Max locked memory"), 8'388'608u);
  EXPECT_EQ(LimitOf(limits, "Max cpu time"), SIZE_MAX);
  EXPECT_EQ(LimitOf(limits, "Max of something else"), std::nullopt);
  EXPECT_EQ(LimitOf("", "Max locked memory"), std::nullopt);
  EXPECT_EQ(LimitOf("Max locked memory", "Max locked memory"), std::nullopt);
}

TEST(CheckLimitsTest, ReadsThoseOfAProcess) {
  const auto findings = CheckLimits(getpid());
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].check, "memory lock");
  EXPECT_EQ(findings[1].check, "core dumps");
  EXPECT_THAT(findings[0].detail, ::testing::Not(::testing::HasSubstr("cannot be read")));
  EXPECT_THAT(CheckLimits(-1)[0].detail, ::testing::HasSubstr("cannot be read"));
}

class CheckDataDirectoryTest : public ::testing::Test {
 protected:
  CheckDataDirectoryTest() {
    WriteFile(dir_.File("root.key"), "k");
    WriteFile(dir_.File("store.db"), "s");
  }
  Level LevelOf(const std::string& check, const std::optional<SocketPeer>& peer = std::nullopt) {
    for (const Finding& finding : CheckDataDirectory(dir_.path(), peer)) {
      if (finding.check == check) return finding.level;
    }
    ADD_FAILURE() << "no finding on " << check;
    return Level::kFail;
  }
  TempDir dir_;
};

TEST_F(CheckDataDirectoryTest, LikesAPrivateOne) {
  EXPECT_EQ(LevelOf("data directory"), Level::kOk);
  EXPECT_EQ(LevelOf("root key"), Level::kOk);
  EXPECT_EQ(LevelOf("store"), Level::kOk);
  LevelOf("disk space");
}

TEST_F(CheckDataDirectoryTest, FailsAnythingThatOthersCanRead) {
  ASSERT_EQ(chmod(dir_.File("root.key").c_str(), 0640), 0);
  EXPECT_EQ(LevelOf("root key"), Level::kFail);
  ASSERT_EQ(chmod(dir_.path().c_str(), 0750), 0);
  EXPECT_EQ(LevelOf("data directory"), Level::kFail);
}

TEST_F(CheckDataDirectoryTest, FailsWhereFilesAreMissing) {
  ASSERT_EQ(unlink(dir_.File("store.db").c_str()), 0);
  EXPECT_EQ(LevelOf("store"), Level::kFail);
}

TEST_F(CheckDataDirectoryTest, WarnsOfAnotherUsersDirectory) {
  EXPECT_EQ(LevelOf("root key", SocketPeer{.pid = 1, .uid = geteuid() + 1}), Level::kWarn);
}

v1::GetStatusResponse Healthy() {
  v1::GetStatusResponse status;
  status.mutable_store()->set_kind("sqlite");
  status.mutable_store()->mutable_seen_ago()->set_nanos(5);
  status.mutable_root()->set_description("local:root.key");
  status.mutable_memory()->set_reserved_bytes(4'096);
  status.mutable_memory()->set_locked_bytes(4'096);
  return status;
}

std::map<std::string, Level> LevelsOf(const v1::GetStatusResponse& status) {
  std::map<std::string, Level> levels;
  for (const Finding& finding : FindingsOf(status)) {
    levels[finding.check] = finding.level;
    EXPECT_EQ(finding.advice.empty(), finding.level == Level::kOk) << finding.check;
  }
  return levels;
}

TEST(StatusFindingsTest, AHealthyServiceHasNothingToSay) {
  using Levels = std::map<std::string, Level>;
  EXPECT_EQ(LevelsOf(Healthy()), (Levels{{"store link", Level::kOk},
                                         {"root of trust", Level::kOk},
                                         {"key memory", Level::kOk}}));
}

TEST(StatusFindingsTest, AStoreThatIsSilentFails) {
  v1::GetStatusResponse status = Healthy();
  status.mutable_store()->mutable_seen_ago()->set_seconds(11);
  EXPECT_EQ(LevelsOf(status)["store link"], Level::kFail);
  status.mutable_store()->clear_seen_ago();
  EXPECT_EQ(LevelsOf(status)["store link"], Level::kOk) << "it is not followed";
}

TEST(StatusFindingsTest, ARootThatIsDownFailsAndOneThatIsTriedWarns) {
  v1::GetStatusResponse status = Healthy();
  status.mutable_root()->set_state(v1::ROOT_STATE_DOWN);
  status.mutable_root()->set_last_error_reason("ROOT_UNAVAILABLE");
  EXPECT_EQ(LevelsOf(status)["root of trust"], Level::kFail);
  status.mutable_root()->set_state(v1::ROOT_STATE_TRYING);
  EXPECT_EQ(LevelsOf(status)["root of trust"], Level::kWarn);
  status.mutable_root()->set_state(v1::ROOT_STATE_UP);
  EXPECT_EQ(LevelsOf(status)["root of trust"], Level::kOk);
}

TEST(StatusFindingsTest, MemoryThatIsNotLockedWarns) {
  v1::GetStatusResponse status = Healthy();
  status.mutable_memory()->set_locked_bytes(0);
  EXPECT_EQ(LevelsOf(status)["key memory"], Level::kWarn);
}

}  // namespace
}  // namespace fieldkms
