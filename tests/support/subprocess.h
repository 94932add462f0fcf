// Child processes of tests.
#ifndef FIELDKMS_TESTS_SUPPORT_SUBPROCESS_H_
#define FIELDKMS_TESTS_SUPPORT_SUBPROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fieldkms::testing {

// BinaryPath is the path of a binary of this build, such as "fieldkmsd".
std::string BinaryPath(std::string_view name);

struct SubprocessOptions {
  // argv[0] is looked up in PATH unless it has a slash.
  std::vector<std::string> argv;
  // Added to (or replacing what is in) this process's environment.
  std::map<std::string, std::string> env = {};
  // Files for the child's output, appended to; empty: inherited.
  std::string stdout_path = {};
  std::string stderr_path = {};
  // Working directory; empty: inherited.
  std::string working_dir = {};
};

// How a child ended: by exit (code) or by a signal.
struct ExitStatus {
  int code = -1;   // -1 where it was killed
  int signal = 0;  // 0 where it exited
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

// Subprocess is a running child with a pipe to its standard input. The child is
// killed and reaped on destruction, and by the kernel when the *thread* that
// started it ends: start children that outlive a thread from the main one. One
// object is used by one thread at a time; Signal may come from any.
class Subprocess {
 public:
  // Throws std::system_error if the child cannot be started (also where argv[0]
  // cannot be executed).
  explicit Subprocess(const SubprocessOptions& options);
  ~Subprocess();
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  pid_t pid() const { return pid_; }
  // Writes all of `text`; false if the child has closed its end.
  bool WriteStdin(std::string_view text);
  void CloseStdin();

  void Signal(int signal) const;
  // Wait closes standard input and waits for the end; repeatable.
  ExitStatus Wait();
  // The same, for at most `timeout`; nullopt if it still runs. Leaves standard
  // input open.
  std::optional<ExitStatus> WaitFor(std::chrono::milliseconds timeout);

 private:
  pid_t pid_ = -1;
  int stdin_ = -1;
  std::optional<ExitStatus> ended_;
};

// What a command that ran to its end left behind.
struct CommandResult {
  ExitStatus status;
  std::string out;
  std::string err;
};

// RunCommand runs a command with `input` as its standard input and collects its output
// (stdout_path and stderr_path are not used).
CommandResult RunCommand(SubprocessOptions options, std::string_view input = {});

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_SUBPROCESS_H_
