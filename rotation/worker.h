// Worker carries out a rotation job on one connection to the application's database, together with
// any number of others, here or elsewhere. It has no state that is worth keeping: what is done is
// in the database, what is to be done is the service's job.
#ifndef FIELDKMS_ROTATION_WORKER_H_
#define FIELDKMS_ROTATION_WORKER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rotation/checkpoints.h"
#include "rotation/database.h"
#include "rotation/range_runner.h"
#include "rotation/service_calls.h"
#include "rotation/source/source_keys.h"
#include "rotation/table_plan.h"

namespace fieldkms::rotation {

struct WorkerOptions {
  std::string conninfo;  // of the application's database
  std::string tenant;
  std::string job_id;
  std::string name;  // that no other worker has: 1 to 128 bytes
  // How long a range stays a worker's that says nothing any more.
  std::chrono::milliseconds lease{30'000};
  // How often it reports, and hears of changes of the job.
  std::chrono::milliseconds beat{2'000};
  // Rows of a range, about; 0: a sixteenth of a table's, 10,000 to 200,000.
  uint64_t range_rows = 0;
  // What opens values of other tools, for jobs over such columns; null: nothing does.
  std::shared_ptr<const SourceKeys> source_keys = nullptr;
};

// What a worker tells whoever started it, now and then, on its own thread.
struct WorkerNews {
  v1::RotationJob job;  // as the service last said
  std::string resting;  // why it rests; "": it works
};

// Run is called once, by one thread; Stop by any.
class Worker {
 public:
  // `observer` may be empty.
  Worker(WorkerOptions options, ServiceCalls calls,
         std::function<void(const WorkerNews&)> observer);
  ~Worker();

  // Run works until the job has ended (DONE, FAILED or CANCELLED), and returns it; or until Stop,
  // and returns it as it is. What cannot be reached is tried again for as long as it takes. Error:
  // only what no try can mend and that is no fact of the job: kConfigInvalid, kUnauthenticated,
  // kPermissionDenied, kRotationNotFound.
  absl::StatusOr<v1::RotationJob> Run();

  // Stop has Run return after the transaction that it is at.
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_WORKER_H_
