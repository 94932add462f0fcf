// The servers that the RPC cases measure: processes of their own, as in production.
#ifndef FIELDKMS_TESTS_BENCH_SERVER_PROCESS_H_
#define FIELDKMS_TESTS_BENCH_SERVER_PROCESS_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/bench/daemon_config.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::bench {

// A server process and its directory. Ended on destruction.
class ServerProcess {
 public:
  // What is done to the data directory of a daemon that has made it and was stopped.
  using Fill = std::function<absl::Status(const ServerProcess& server)>;

  // Each returns once the health service says SERVING. StartDaemon sees to tenant
  // kBenchTenant and key kBenchKey: in a store of its own, or one that replicas share.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> StartNoop();
  static absl::StatusOr<std::unique_ptr<ServerProcess>> StartDaemon(const DaemonSettings& settings,
                                                                    const Fill& fill = {});

  // Stops the process, starts it again on the same directory and returns the
  // seconds from exec to the first SERVING answer.
  absl::StatusOr<double> MeasureRestart();

  std::string target() const { return "unix:" + socket_; }
  // Of a daemon with its own store and root: where they are.
  std::string store_path() const { return dir_.File("data/store.db"); }
  std::string root_path() const { return dir_.File("root.key"); }

  // Processor seconds, of all threads, used so far.
  double CpuSeconds() const;
  // Bytes that the kernel states in /proc/PID/status, such as "VmRSS" and "VmLck".
  double MemoryBytes(std::string_view field) const;

 private:
  ServerProcess() = default;
  absl::Status Launch();
  absl::Status WaitUntilServing();
  absl::Status MakeKey();
  void Stop();

  fieldkms::testing::TempDir dir_;
  std::string socket_ = dir_.File("bench.sock");
  fieldkms::testing::SubprocessOptions command_;
  std::unique_ptr<fieldkms::testing::Subprocess> process_;
};

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_SERVER_PROCESS_H_
