// The sandbox of a running fieldkmsd.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "tests/integration/server/server_fixture.h"

namespace fieldkms::testing {
namespace {

// "Seccomp" and the like, of every thread: "2", or "2 0" where threads differ.
std::string OfAllThreads(int pid, const std::string& name) {
  std::set<std::string> values;
  for (const auto& thread :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid))) {
    std::ifstream in(thread.path() / "status");
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with(name + ":\t")) values.insert(line.substr(name.size() + 2));
    }
  }
  return fmt::format("{}", fmt::join(values, " "));
}

class SandboxTest : public ServerTest {
 protected:
  static std::string Access() {
    return fmt::format(
        "access:\n  roles:\n    all:\n      - actions: [tenant.create, key.create, key.rotate]\n   "
        "     tenants: [\"*\"]\n"
        "        keys: [\"*\"]\n  principals:\n    me: {{users: [{}], roles: [all]}}\n",
        getuid());
  }
};

TEST_F(SandboxTest, HoldsEveryThreadByDefault) {
  StartWith("memory: {lock: preferred}\n" + Access());
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_EQ(OfAllThreads(daemon_->pid(), "Seccomp"), "2");
  EXPECT_NE(OfAllThreads(daemon_->pid(), "Seccomp_filters"),
            OfAllThreads(getpid(), "Seccomp_filters"));
  EXPECT_EQ(OfAllThreads(daemon_->pid(), "NoNewPrivs"), "1");
  EXPECT_NE(daemon_->Log().find("\"event\":\"sandbox\""), std::string::npos);
  CreateTenant("acme");
  CreateKey("acme", "customers.card");
  EXPECT_TRUE(RotateKey("acme", "customers.card", 1).ok());
  EXPECT_EQ(daemon_->Terminate().code, 0);
}

TEST_F(SandboxTest, IsOffWhereTheConfigurationSaysSo) {
  StartWith("memory: {lock: preferred}\nhardening: {seccomp: off, landlock: off}\n" + Access());
  ASSERT_FALSE(HasFatalFailure());
  // As whoever started it, which a container may confine.
  EXPECT_EQ(OfAllThreads(daemon_->pid(), "Seccomp_filters"),
            OfAllThreads(getpid(), "Seccomp_filters"));
}

}  // namespace
}  // namespace fieldkms::testing
