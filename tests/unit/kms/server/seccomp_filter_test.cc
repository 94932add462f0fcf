#include "kms/server/seccomp_filter.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>

namespace fieldkms {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kHere = AUDIT_ARCH_X86_64, kElsewhere = AUDIT_ARCH_I386;
#else
constexpr uint32_t kHere = AUDIT_ARCH_AARCH64, kElsewhere = AUDIT_ARCH_ARM;
#endif
constexpr uint32_t kRefused = SECCOMP_RET_ERRNO | EPERM;

// What the kernel would do: an interpreter of the few instructions that the filter is made of.
uint32_t Verdict(const std::vector<sock_filter>& program, long call, uint64_t first_argument = 0,
                 uint32_t architecture = kHere) {
  seccomp_data data{};
  data.nr = static_cast<int>(call);
  data.arch = architecture;
  data.args[0] = first_argument;
  uint32_t value = 0;
  for (size_t at = 0; at < program.size(); ++at) {
    const sock_filter& step = program[at];
    bool holds = false;
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&value, reinterpret_cast<const char*>(&data) + step.k, sizeof value);
        continue;
      case BPF_RET | BPF_K:
        return step.k;
      case BPF_JMP | BPF_JEQ | BPF_K:
        holds = value == step.k;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        holds = value >= step.k;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        holds = (value & step.k) != 0;
        break;
      default:
        ADD_FAILURE() << "instruction " << at;
        return 0;
    }
    at += holds ? step.jt : step.jf;
  }
  ADD_FAILURE() << "the program has no end";
  return 0;
}

TEST(SeccompFilterTest, AllowsWhatAServiceDoes) {
  const auto program = SeccompProgram(SeccompMode::kOn);
  for (const long call : {SYS_read, SYS_openat, SYS_futex, SYS_fdatasync, SYS_mlock, SYS_renameat2,
                          SYS_accept4, SYS_exit_group}) {
    EXPECT_EQ(Verdict(program, call), uint32_t{SECCOMP_RET_ALLOW}) << call;
  }
}

TEST(SeccompFilterTest, RefusesWhatItDoesNotKnow) {
  const auto program = SeccompProgram(SeccompMode::kOn);
  for (const long call : {long{SYS_kill}, long{SYS_setuid}, long{SYS_io_uring_setup}, 9999L}) {
    EXPECT_EQ(Verdict(program, call), kRefused) << call;
  }
}

TEST(SeccompFilterTest, OtherProgramsAndOtherMachinesAreTheEnd) {
  for (const SeccompMode mode : {SeccompMode::kOn, SeccompMode::kLog}) {
    const auto program = SeccompProgram(mode);
    for (const long call :
         {long{SYS_execve}, long{SYS_execveat}, long{SYS_ptrace}, long{SYS_bpf}, long{SYS_mount},
          long{SYS_init_module}, long{SYS_kexec_load}, 0x40000000L + SYS_read}) {
      EXPECT_EQ(Verdict(program, call), uint32_t{SECCOMP_RET_KILL_PROCESS}) << call;
    }
    EXPECT_EQ(Verdict(program, SYS_read, 0, kElsewhere), uint32_t{SECCOMP_RET_KILL_PROCESS});
  }
}

TEST(SeccompFilterTest, ThreadsAndNoProcesses) {
  const auto program = SeccompProgram(SeccompMode::kOn);
  EXPECT_EQ(Verdict(program, SYS_clone, CLONE_VM | CLONE_THREAD), uint32_t{SECCOMP_RET_ALLOW});
  EXPECT_EQ(Verdict(program, SYS_clone, CLONE_VM), kRefused);
  EXPECT_EQ(Verdict(program, SYS_clone3), uint32_t{SECCOMP_RET_ERRNO | ENOSYS});
}

TEST(SeccompFilterTest, SocketsOfFourFamilies) {
  const auto program = SeccompProgram(SeccompMode::kOn);
  for (const int family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK}) {
    EXPECT_EQ(Verdict(program, SYS_socket, static_cast<uint64_t>(family)),
              uint32_t{SECCOMP_RET_ALLOW});
  }
  for (const int family : {AF_PACKET, AF_ALG, AF_VSOCK}) {
    EXPECT_EQ(Verdict(program, SYS_socket, static_cast<uint64_t>(family)), kRefused);
  }
}

TEST(SeccompFilterTest, LogLetsThroughAndOffIsNoFilter) {
  const auto program = SeccompProgram(SeccompMode::kLog);
  EXPECT_EQ(Verdict(program, SYS_kill), uint32_t{SECCOMP_RET_LOG});
  EXPECT_EQ(Verdict(program, SYS_socket, AF_PACKET), uint32_t{SECCOMP_RET_LOG});
  EXPECT_TRUE(SeccompProgram(SeccompMode::kOff).empty());
}

}  // namespace
}  // namespace fieldkms
