// What the kernel refuses to a process in the sandbox: a child enters it and tries.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <functional>

#include "kms/server/landlock.h"
#include "kms/server/seccomp_filter.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

// What the kernel answers to whoever reaches for a file of others: without Landlock, nothing.
int RefusedFile() {
  const bool has_landlock =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1;
  return has_landlock ? EACCES : 0;
}

// 1 to 127: the errno of what was refused; 0: it went; -N: ended by signal N. 200 and above: the
// sandbox could not be entered.
int InSandbox(const Config& config, const std::function<bool()>& attempt) {
  const pid_t child = fork();
  if (child == 0) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(200);
    const auto version = RestrictFiles(FileRules(config));
    if (!version.ok()) _exit(201);
    const auto filtered = InstallSeccomp(SeccompMode::kOn);
    if (!filtered.ok() || !*filtered) _exit(202);
    errno = 0;
    _exit(attempt() ? 0 : errno);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

class SandboxProbeTest : public ::testing::Test {
 protected:
  SandboxProbeTest() {
    std::filesystem::create_directory(dir_.File("data"));
    std::filesystem::create_directory(dir_.File("other"));
    std::filesystem::create_directory(dir_.File("tls"));
    testing::WriteFile(dir_.File("other/secret"), "s");
    testing::WriteFile(dir_.File("tls/crt"), "old");
    config_.data_dir = dir_.File("data");
    config_.tls = TlsConfig{.address = "", .certificate = dir_.File("tls/crt"), .key = ""};
  }
  int Open(const std::string& path, int flags) {
    return InSandbox(config_, [&] { return open(path.c_str(), flags, 0600) >= 0; });
  }

  testing::TempDir dir_;
  Config config_;
};

TEST_F(SandboxProbeTest, FilesOfItsOwnAndNoOthers) {
  EXPECT_EQ(Open(dir_.File("data/new"), O_RDWR | O_CREAT), 0);
  EXPECT_EQ(Open(dir_.File("data/new"), O_RDWR | O_TRUNC), 0);
  EXPECT_EQ(Open("/etc/resolv.conf", O_RDONLY) % ENOENT, 0);  // where there is one
  EXPECT_EQ(Open("/dev/urandom", O_RDONLY), 0);
  EXPECT_EQ(Open(dir_.File("other/secret"), O_RDONLY), RefusedFile());
  EXPECT_EQ(Open(dir_.File("other/new"), O_RDWR | O_CREAT), RefusedFile());
  EXPECT_EQ(Open(dir_.File("tls/crt"), O_RDWR), RefusedFile());
}

TEST_F(SandboxProbeTest, AFileThatWasReplacedIsReadStill) {
  const auto replaced = [this] {
    // What renews certificates is outside: it has done this before the child looks.
    return open(dir_.File("tls/crt").c_str(), O_RDONLY) >= 0;
  };
  testing::WriteFile(dir_.File("tls/new"), "new");
  std::filesystem::rename(dir_.File("tls/new"), dir_.File("tls/crt"));
  EXPECT_EQ(InSandbox(config_, replaced), 0);
}

TEST_F(SandboxProbeTest, NoRawSocketsAndNoProcesses) {
  EXPECT_EQ(InSandbox(config_, [] { return socket(AF_INET, SOCK_STREAM, 0) >= 0; }), 0);
  EXPECT_EQ(InSandbox(config_, [] { return socket(AF_PACKET, SOCK_RAW, 0) >= 0; }), EPERM);
  EXPECT_EQ(InSandbox(config_, [] { return kill(getppid(), 0) == 0; }), EPERM);
  EXPECT_EQ(InSandbox(config_, [] { return fork() >= 0; }), EPERM);
}

TEST_F(SandboxProbeTest, AnotherProgramIsTheEnd) {
  EXPECT_EQ(InSandbox(config_, [] { return execl("/bin/true", "true", nullptr) == 0; }), -SIGSYS);
  EXPECT_EQ(InSandbox(config_, [] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; }),
            -SIGSYS);
}

}  // namespace
}  // namespace fieldkms
