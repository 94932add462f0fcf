// The servers that the RPC cases measure: processes of their own, as in production.
#ifndef FIELDKMS_TESTS_BENCH_SERVER_PROCESS_H_
#define FIELDKMS_TESTS_BENCH_SERVER_PROCESS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/bench/daemon_config.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::bench {

// A server process and its directory. Ended on destruction.
class ServerProcess {
 public:
  // Each returns once the health service says SERVING. StartDaemon makes a data
  // directory with tenant kBenchTenant and key kBenchKey.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> StartNoop();
  static absl::StatusOr<std::unique_ptr<ServerProcess>> StartDaemon(AuditDurability durability);

  // Stops the process, starts it again on the same directory and returns the
  // seconds from exec to the first SERVING answer.
  absl::StatusOr<double> MeasureRestart();

  std::string target() const { return "unix:" + socket_; }
  // Processor seconds, of all threads, used so far.
  double CpuSeconds() const;

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
