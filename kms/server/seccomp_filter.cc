#include "kms/server/seccomp_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <string>

#include "crypto/status.h"

namespace fieldkms {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the sandbox does not know this machine's system calls"
#endif
// Beyond it are the calls of x32, by which a filter of numbers would be walked around.
constexpr uint32_t kForeignCalls = 0x40000000;
constexpr uint32_t kErrno = SECCOMP_RET_ERRNO;

// What nobody calls in a service: to run, trace or load other code, to reach for other processes'
// memory, to change what the process sees of the machine.
constexpr int kFatal[] = {
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_bpf,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_setns,
    SYS_unshare,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_swapon,
    SYS_swapoff,
    SYS_reboot,
    SYS_open_by_handle_at,
    SYS_move_mount,
    SYS_fsopen,
    SYS_open_tree,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
};

// By frequency, roughly: the kernel remembers which of them need no look at arguments.
constexpr int kAllowed[] = {
    // waiting, time, randomness
    SYS_futex,
    SYS_epoll_pwait,
    SYS_epoll_ctl,
    SYS_epoll_create1,
    SYS_ppoll,
    SYS_pselect6,
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_getrandom,
    SYS_eventfd2,
    SYS_timerfd_create,
    SYS_timerfd_settime,
    SYS_timerfd_gettime,
    SYS_signalfd4,
    SYS_restart_syscall,
    SYS_times,
    // sockets; socket() itself is looked at
    SYS_sendmsg,
    SYS_recvmsg,
    SYS_sendto,
    SYS_recvfrom,
    SYS_sendmmsg,
    SYS_recvmmsg,
    SYS_accept4,
    SYS_accept,
    SYS_bind,
    SYS_listen,
    SYS_connect,
    SYS_shutdown,
    SYS_getsockname,
    SYS_getpeername,
    SYS_getsockopt,
    SYS_setsockopt,
    SYS_socketpair,
    // files
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_pwrite64,
    SYS_preadv,
    SYS_pwritev,
    SYS_openat,
    SYS_openat2,
    SYS_close,
    SYS_close_range,
    SYS_fdatasync,
    SYS_fsync,
    SYS_sync_file_range,
    SYS_fallocate,
    SYS_ftruncate,
    SYS_truncate,
    SYS_lseek,
    SYS_fcntl,
    SYS_flock,
    SYS_dup,
    SYS_dup3,
    SYS_pipe2,
    SYS_ioctl,
    SYS_fadvise64,
    SYS_newfstatat,
    SYS_fstat,
    SYS_statx,
    SYS_statfs,
    SYS_fstatfs,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_readlinkat,
    SYS_getdents64,
    SYS_getcwd,
    SYS_mkdirat,
    SYS_unlinkat,
    SYS_renameat2,
    SYS_linkat,
    SYS_symlinkat,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_utimensat,
    SYS_umask,
    SYS_sendfile,
    SYS_copy_file_range,
    SYS_splice,
    SYS_inotify_init1,
    SYS_inotify_add_watch,
    SYS_inotify_rm_watch,
    // memory
    SYS_mmap,
    SYS_munmap,
    SYS_mprotect,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_mlock,
    SYS_mlock2,
    SYS_munlock,
    SYS_msync,
    SYS_mincore,
    SYS_memfd_create,
    SYS_membarrier,
    SYS_get_mempolicy,
    // threads, signals, and who one is
    SYS_exit,
    SYS_exit_group,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigtimedwait,
    SYS_rt_sigpending,
    SYS_rt_sigsuspend,
    SYS_sigaltstack,
    SYS_tgkill,
    SYS_set_robust_list,
    SYS_get_robust_list,
    SYS_set_tid_address,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_sched_setaffinity,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_sched_get_priority_max,
    SYS_sched_get_priority_min,
    SYS_sched_setscheduler,
    SYS_gettid,
    SYS_getpid,
    SYS_getppid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getgroups,
    SYS_getresuid,
    SYS_getresgid,
    SYS_prctl,
    SYS_prlimit64,
    SYS_getrusage,
    SYS_sysinfo,
    SYS_uname,
    SYS_getcpu,
    SYS_capget,
    SYS_getpriority,
#ifdef SYS_rseq
    SYS_rseq,
#endif
#ifdef __NR_landlock_create_ruleset
    SYS_landlock_create_ruleset,
    SYS_landlock_add_rule,
    SYS_landlock_restrict_self,
#endif
#if defined(__x86_64__)  // the older forms, which other machines never had
    SYS_poll,
    SYS_select,
    SYS_epoll_wait,
    SYS_epoll_create,
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_readlink,
    SYS_mkdir,
    SYS_rmdir,
    SYS_unlink,
    SYS_rename,
    SYS_link,
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_dup2,
    SYS_pipe,
    SYS_eventfd,
    SYS_getrlimit,
    SYS_setrlimit,
    SYS_time,
    SYS_arch_prctl,
    SYS_alarm,
    SYS_setitimer,
    SYS_symlink,
    SYS_creat,
#endif
    SYS_renameat,
};

constexpr int kFamilies[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};  // the last: names and routes

sock_filter Load(size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}

sock_filter Return(uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }

// `action` for the value that was loaded; others go on behind.
void When(uint32_t value, uint32_t action, std::vector<sock_filter>& out) {
  out.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
  out.push_back(Return(action));
}

// Threads, and no processes: flags of clone. Those of clone3 are in memory, where no filter can
// look: libraries take ENOSYS for an older kernel and call clone.
void AddThreads(uint32_t refused, std::vector<sock_filter>& out) {
  When(SYS_clone3, kErrno | ENOSYS, out);
  out.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4));
  out.push_back(Load(offsetof(seccomp_data, args)));
  out.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1));
  out.push_back(Return(SECCOMP_RET_ALLOW));
  out.push_back(Return(refused));
}

void AddSockets(uint32_t refused, std::vector<sock_filter>& out) {
  constexpr size_t kCount = sizeof kFamilies / sizeof *kFamilies;
  out.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 2 * kCount + 2));
  out.push_back(Load(offsetof(seccomp_data, args)));
  for (const int family : kFamilies) When(static_cast<uint32_t>(family), SECCOMP_RET_ALLOW, out);
  out.push_back(Return(refused));
}

}  // namespace

std::vector<sock_filter> SeccompProgram(SeccompMode mode) {
  if (mode == SeccompMode::kOff) return {};
  const uint32_t refused = mode == SeccompMode::kLog ? SECCOMP_RET_LOG : kErrno | EPERM;
  std::vector<sock_filter> out;
  out.push_back(Load(offsetof(seccomp_data, arch)));
  out.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0));
  out.push_back(Return(SECCOMP_RET_KILL_PROCESS));
  out.push_back(Load(offsetof(seccomp_data, nr)));
  out.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kForeignCalls, 0, 1));
  out.push_back(Return(SECCOMP_RET_KILL_PROCESS));
  for (const int call : kAllowed) When(static_cast<uint32_t>(call), SECCOMP_RET_ALLOW, out);
  for (const int call : kFatal) When(static_cast<uint32_t>(call), SECCOMP_RET_KILL_PROCESS, out);
  AddThreads(refused, out);
  AddSockets(refused, out);
  out.push_back(Return(refused));
  return out;
}

absl::StatusOr<bool> InstallSeccomp(SeccompMode mode) {
  std::vector<sock_filter> program = SeccompProgram(mode);
  if (program.empty()) return false;
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0)
    return true;
  if (errno == ENOSYS || errno == EINVAL) return false;
  return Error(
      absl::StatusCode::kInternal, Reason::kInternal,
      std::string("the kernel refused the filter of system calls: ") + std::strerror(errno));
}

}  // namespace fieldkms
