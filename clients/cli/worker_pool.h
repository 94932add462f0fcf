// WorkerPool runs some workers of one rotation job in this process, each in a thread of its own.
#ifndef FIELDKMS_CLIENTS_CLI_WORKER_POOL_H_
#define FIELDKMS_CLIENTS_CLI_WORKER_POOL_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "rotation/worker.h"

namespace fieldkms {

inline constexpr uint32_t kMostWorkers = 64;

// Names that no other workers have: `name` (the machine's where it is empty), the process, eight
// random digits, since containers count processes from 1, and a number. Error: InvalidField("name")
// for one of more than 64 bytes.
absl::StatusOr<std::vector<std::string>> WorkerNames(std::string name, uint32_t count);

struct PoolNews {
  v1::RotationJob job;               // as a worker last heard; no id: none has yet
  std::vector<std::string> resting;  // why workers rest, each reason once
  bool ended = false;                // all workers have
};

// Thread-safe but for its making and its end, which waits for the workers.
class WorkerPool {
 public:
  // `options` but for the name. `calls` must outlive the pool.
  WorkerPool(const rotation::WorkerOptions& options, const std::vector<std::string>& names,
             const rotation::ServiceCalls& calls);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  PoolNews News() const;

  // Has workers end after the transactions that they are at. So does the end of the job.
  void Stop();

  // Once News().ended: the job as it ended, or as the last worker left it. Error: that of the
  // first worker that had one, if none had better.
  absl::StatusOr<v1::RotationJob> Result() const;

 private:
  struct Member {
    std::unique_ptr<rotation::Worker> worker;
    std::thread thread;
    std::string resting;
  };
  void Hear(size_t member, const rotation::WorkerNews& news);
  void Run(size_t member);
  void Ended(size_t member, const absl::StatusOr<v1::RotationJob>& job);

  std::vector<Member> members_;
  mutable std::mutex mutex_;
  v1::RotationJob job_;
  bool heard_end_ = false;
  size_t at_work_;
  size_t succeeded_ = 0;
  absl::Status failure_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_WORKER_POOL_H_
