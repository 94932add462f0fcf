// Several users at once: each call is its own user's. Runs as root, to become them.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/integration/server/server_fixture.h"
#include "tests/support/subprocess.h"

namespace fieldkms::testing {
namespace {

constexpr int kAlice = 64'001;
constexpr int kBob = 64'002;
constexpr int kStranger = 64'003;

class UsersTest : public ServerTest {
 protected:
  void SetUp() override {
    ASSERT_EQ(geteuid(), 0u) << "this test becomes other users: run it as root";
    // A place that these users reach, with a copy of the probe, since the build tree
    // may not be one.
    ASSERT_EQ(chmod(dir_.path().c_str(), 0711), 0);
    public_ = dir_.File("public");
    ASSERT_EQ(mkdir(public_.c_str(), 0755), 0);
    probe_ = public_ + "/probe";
    std::filesystem::copy_file(BinaryPath("churn_probe"), probe_);
    std::filesystem::permissions(probe_, std::filesystem::perms(0755));
    const std::string path = dir_.File("config.yaml");
    WriteFile(path, "data_dir: " + data_dir_ + "\nlisten: {unix: " + public_ +
                        "/s, mode: \"0666\"}\nroot: {local: {create_if_missing: true}}\n"
                        "limits: {new_connections_per_second: 10000, refusals_per_second: 10000}\n"
                        "access:\n  roles:\n    r: [{actions: [tenant.read], tenants: \"*\"}]\n"
                        "  principals:\n    alice: {users: 64001, roles: r}\n"
                        "    bob: {users: 64002, roles: r}\n");
    daemon_ = std::make_unique<Daemon>(DaemonOptions{data_dir_, {"--config", path}});
    const absl::Status started = daemon_->Start();
    ASSERT_TRUE(started.ok()) << started.message();
  }

  SubprocessOptions Probe(int uid, int count) const {
    const std::string id = std::to_string(uid);
    return {{"setpriv", "--reuid=" + id, "--regid=" + id, "--clear-groups", probe_,
             "unix:" + public_ + "/s", std::to_string(count)},
            {},
            public_ + "/out-" + id};
  }

  std::string public_, probe_;
};

TEST_F(UsersTest, EveryCallIsItsOwnUsers) {
  constexpr int kCalls = 400;
  std::map<int, int> uid_of_pid;
  std::vector<std::unique_ptr<Subprocess>> probes;
  for (const int uid : {kAlice, kBob, kAlice, kBob}) {
    probes.push_back(std::make_unique<Subprocess>(Probe(uid, kCalls)));
    uid_of_pid[probes.back()->pid()] = uid;
  }
  for (auto& probe : probes) EXPECT_EQ(probe->Wait().code, 0);
  EXPECT_EQ(ReadFile(public_ + "/out-64001"), "0*400 0*400 ");
  EXPECT_EQ(ReadFile(public_ + "/out-64002"), "0*400 0*400 ");
  std::map<int, int> calls_of_pid;
  for (const auto& line : AuditLines()) {
    if (line.value("method", "") != "TenantService.ListTenants") continue;
    const int pid = line["pid"];
    ++calls_of_pid[pid];
    ASSERT_EQ(line["uid"], uid_of_pid[pid]);
    ASSERT_EQ(line["principal"], uid_of_pid[pid] == kAlice ? "alice" : "bob");
  }
  EXPECT_EQ(calls_of_pid.size(), 4u);
  for (const auto& [pid, calls] : calls_of_pid) EXPECT_EQ(calls, kCalls) << pid;
}

TEST_F(UsersTest, StrangersAreRefusedEvenIfTheyCanConnect) {
  Subprocess probe(Probe(kStranger, 5));
  EXPECT_EQ(probe.Wait().code, 0);
  EXPECT_EQ(ReadFile(public_ + "/out-64003"), "16*5 ");  // UNAUTHENTICATED
  int refused = 0;
  for (const auto& line : AuditLines()) refused += line.value("uid", -1) == kStranger;
  EXPECT_EQ(refused, 5);
}

TEST_F(UsersTest, DevelopmentSocketIsItsOwnersAlone) {
  const std::string data = dir_.File("dev");
  Daemon dev(DaemonOptions{data});
  ASSERT_TRUE(dev.Start().ok());
  struct stat info {};
  ASSERT_EQ(stat((data + "/fieldkmsd.sock").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(stat(data.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

}  // namespace
}  // namespace fieldkms::testing
