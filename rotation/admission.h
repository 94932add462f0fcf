// Admission is what lets a worker begin a batch or has it rest: the job's limits (throttle.h) over
// the database's load (load_probe.h), measured when it is needed.
#ifndef FIELDKMS_ROTATION_ADMISSION_H_
#define FIELDKMS_ROTATION_ADMISSION_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "absl/status/status.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "rotation/batch_size.h"
#include "rotation/database.h"
#include "rotation/load_probe.h"
#include "rotation/load_sample.h"
#include "rotation/range_runner.h"
#include "rotation/table_plan.h"
#include "rotation/throttle.h"
#include "rotation/work_share.h"

namespace fieldkms::rotation {

// Reads the machine's clocks. For one thread.
class Admission {
 public:
  explicit Admission(const v1::RotationJob& job);

  // The job as the service has it now: its limits, and how many workers share them.
  void Follow(const v1::RotationJob& job);
  // The tables whose dead rows matter, once they are known.
  void Watch(std::span<const TablePlan> tables);

  // Whether a batch may begin. What cannot be measured is not known to the throttle, and has the
  // worker rest.
  Decision Ask(Database& database);
  // Rows of the next transaction.
  size_t BatchRows() const;

  // How long to rest before more work, so that it does not take more of the worker's time than the
  // limits say: of the work since BeginWork, which is to be called behind the rest.
  std::chrono::microseconds Rest() const;
  void BeginWork();

  // What became of a transaction.
  void Done(const BatchReport& batch);
  // The service refused a call for its load, or answered one.
  void ServiceRefused();
  void ServiceAnswered() { throttle_.ServiceAnswered(); }

 private:
  void Apply();

  v1::RotationJob job_;
  std::optional<uint32_t> server_cores_;
  bool asked_for_cores_ = false;
  Throttle throttle_;
  BatchSize batch_size_;
  WorkShare share_;
  LoadProbe probe_;
  LoadSample sample_;
  std::chrono::steady_clock::time_point measured_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_ADMISSION_H_
