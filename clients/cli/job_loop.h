// JobLoop works on whatever jobs a data source has, one after another, in threads of its own:
// `rotation run --next`, without an end.
#ifndef FIELDKMS_CLIENTS_CLI_JOB_LOOP_H_
#define FIELDKMS_CLIENTS_CLI_JOB_LOOP_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cli/worker_pool.h"
#include "clients/cpp/client.h"
#include "rotation/service_calls.h"
#include "rotation/worker.h"

namespace fieldkms {

// For one thread.
class JobLoop {
 public:
  // `worker` but for job and name. `client` and `calls` must outlive it. `say` gets lines for a
  // log.
  JobLoop(Client& client, const rotation::ServiceCalls& calls, rotation::WorkerOptions worker,
          std::string data_source, std::vector<std::string> names,
          std::function<void(const std::string&)> say);

  // Looks at the workers, and now and then for a job that runs and has none here. Does not wait.
  // True: workers have left a job, as done as they could. Error: that of the service's list; the
  // next Step is as good.
  absl::StatusOr<bool> Step();

 private:
  void End();
  absl::Status Begin();

  Client& client_;
  const rotation::ServiceCalls& calls_;
  rotation::WorkerOptions worker_;
  const std::string data_source_;
  const std::vector<std::string> names_;
  const std::function<void(const std::string&)> say_;
  std::unique_ptr<WorkerPool> pool_;
  std::chrono::steady_clock::time_point look_at_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_JOB_LOOP_H_
