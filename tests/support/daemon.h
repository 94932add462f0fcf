// A real fieldkmsd for tests.
#ifndef FIELDKMS_TESTS_SUPPORT_DAEMON_H_
#define FIELDKMS_TESTS_SUPPORT_DAEMON_H_

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/support/subprocess.h"

namespace fieldkms::testing {

struct DaemonOptions {
  // Data directory: holds the store, the root key, the audit file and the socket
  // `fieldkmsd.sock`. The daemon makes what is missing.
  std::string data_dir;
  // Arguments; empty means `--dev --data-dir DATA_DIR`.
  std::vector<std::string> args = {};
  // Added to the environment, such as LD_PRELOAD.
  std::map<std::string, std::string> env = {};
  // Where the daemon's log goes; empty: DATA_DIR ‖ ".log". Appended to, so that
  // it holds all starts.
  std::string log_path = {};
};

// Daemon starts and stops build/bin/fieldkmsd, any number of times in turn on one
// data directory. A running daemon is killed on destruction. Not thread-safe, but
// for Kill and the accessors; see Subprocess about the thread that starts it.
class Daemon {
 public:
  explicit Daemon(DaemonOptions options);

  // Start runs the daemon and waits until it serves. Error: kFailedPrecondition
  // if it ended instead, with exit code and log; kDeadlineExceeded after 30 s.
  absl::Status Start();

  // Expects the daemon to refuse to start: waits for its end and returns how it
  // ended (a code of -1 and signal 9 if it did not within 30 s).
  ExitStatus StartAndWait();

  // Terminate sends SIGTERM and waits for the end (at most `timeout`, then it is
  // killed).
  ExitStatus Terminate(std::chrono::seconds timeout = std::chrono::seconds(30));
  // Kill sends SIGKILL and waits.
  void Kill();
  // AwaitEnd waits for a daemon that is about to end by itself; as StartAndWait.
  ExitStatus AwaitEnd();

  // Whether it was started and has not ended by itself since.
  bool Alive() const {
    return process_ != nullptr && !process_->WaitFor(std::chrono::milliseconds(0));
  }
  pid_t pid() const { return process_->pid(); }
  void Signal(int signal) const { process_->Signal(signal); }
  const std::string& data_dir() const { return options_.data_dir; }
  // "unix:DATA_DIR/fieldkmsd.sock".
  std::string target() const;
  // What the last start has logged so far.
  std::string Log() const;

 private:
  void Launch();

  DaemonOptions options_;
  size_t log_start_ = 0;
  std::unique_ptr<Subprocess> process_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_DAEMON_H_
