#include "tests/support/subprocess.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>

#include "tests/support/paths.h"
#include "tests/support/temp_dir.h"

extern char** environ;

namespace fieldkms::testing {
namespace {

[[noreturn]] void Throw(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

// argv or envp as exec wants it, over strings that outlive it.
std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& s : strings) pointers.push_back(s.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!added.contains(std::string(text.substr(0, text.find('='))))) {
      environment.emplace_back(text);
    }
  }
  for (const auto& [name, value] : added) environment.push_back(name + "=" + value);
  return environment;
}

int OpenOutput(const std::string& path) {
  if (path.empty()) return -1;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) Throw(errno, "open " + path);
  return fd;
}

// All that the child needs, made before the fork: a child of a process with
// threads may only call async-signal-safe functions.
struct ChildPlan {
  std::vector<char*> argv;
  std::vector<char*> envp;
  const char* working_dir;
  int stdin_fd;
  int stdout_fd;
  int stderr_fd;
  int error_fd;  // close-on-exec: carries errno where exec fails
  pid_t parent;
};

[[noreturn]] void RunChild(const ChildPlan& plan) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const bool orphan = ::getppid() != plan.parent;
  bool ok = !orphan && ::dup2(plan.stdin_fd, STDIN_FILENO) >= 0;
  if (ok && plan.stdout_fd >= 0) ok = ::dup2(plan.stdout_fd, STDOUT_FILENO) >= 0;
  if (ok && plan.stderr_fd >= 0) ok = ::dup2(plan.stderr_fd, STDERR_FILENO) >= 0;
  if (ok && *plan.working_dir != '\0') ok = ::chdir(plan.working_dir) == 0;
  if (ok) ::execvpe(plan.argv[0], plan.argv.data(), plan.envp.data());
  const int error = errno;
  [[maybe_unused]] const ssize_t n = ::write(plan.error_fd, &error, sizeof error);
  ::_exit(127);
}

ExitStatus FromWait(int status) {
  if (WIFEXITED(status)) return {WEXITSTATUS(status), 0};
  return {-1, WTERMSIG(status)};
}

}  // namespace

std::string BinaryPath(std::string_view name) { return BinDir() + "/" + std::string(name); }

Subprocess::Subprocess(const SubprocessOptions& options) {
  std::vector<std::string> arguments = options.argv;
  std::vector<std::string> environment = Environment(options.env);
  int input[2];
  int failure[2];
  if (::pipe2(input, O_CLOEXEC) != 0) Throw(errno, "pipe");
  if (::pipe2(failure, O_CLOEXEC) != 0) Throw(errno, "pipe");
  ChildPlan plan{.argv = Pointers(arguments),
                 .envp = Pointers(environment),
                 .working_dir = options.working_dir.c_str(),
                 .stdin_fd = input[0],
                 .stdout_fd = OpenOutput(options.stdout_path),
                 .stderr_fd = OpenOutput(options.stderr_path),
                 .error_fd = failure[1],
                 .parent = ::getpid()};
  pid_ = ::fork();
  if (pid_ == 0) RunChild(plan);
  const int fork_error = errno;
  for (const int fd : {plan.stdin_fd, plan.stdout_fd, plan.stderr_fd, plan.error_fd}) {
    if (fd >= 0) ::close(fd);
  }
  stdin_ = input[1];
  int error = pid_ < 0 ? fork_error : 0;
  if (pid_ > 0) {  // Closed without a word: exec went well.
    if (::read(failure[0], &error, sizeof error) > 0) Wait();
  }
  ::close(failure[0]);
  if (error != 0) {
    CloseStdin();
    Throw(error, "start " + arguments.front());
  }
}

Subprocess::~Subprocess() {
  if (!ended_) {
    Signal(SIGKILL);
    Wait();
  }
  CloseStdin();
}

bool Subprocess::WriteStdin(std::string_view text) {
  // SIGPIPE must not end the test; block it for this thread and take it back.
  sigset_t pipe_signal, old;
  ::sigemptyset(&pipe_signal);
  ::sigaddset(&pipe_signal, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &old);
  bool ok = stdin_ >= 0;
  while (ok && !text.empty()) {
    const ssize_t n = ::write(stdin_, text.data(), text.size());
    ok = n > 0;
    if (ok) text.remove_prefix(static_cast<size_t>(n));
  }
  if (!ok) {
    const timespec now{};
    ::sigtimedwait(&pipe_signal, nullptr, &now);
  }
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  return ok;
}

void Subprocess::CloseStdin() {
  if (stdin_ >= 0) ::close(stdin_);
  stdin_ = -1;
}

void Subprocess::Signal(int signal) const { ::kill(pid_, signal); }

ExitStatus Subprocess::Wait() {
  CloseStdin();
  if (!ended_) {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    ended_ = FromWait(status);
  }
  return *ended_;
}

std::optional<ExitStatus> Subprocess::WaitFor(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!ended_) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      ended_ = FromWait(status);
    } else if (std::chrono::steady_clock::now() >= deadline) {
      break;
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  return ended_;
}

CommandResult RunCommand(SubprocessOptions options, std::string_view input) {
  const TempDir dir;
  options.stdout_path = dir.File("out");
  options.stderr_path = dir.File("err");
  CommandResult result;
  {
    Subprocess child(options);
    child.WriteStdin(input);
    result.status = child.Wait();
  }
  result.out = ReadFile(options.stdout_path);
  result.err = ReadFile(options.stderr_path);
  return result;
}

}  // namespace fieldkms::testing
