// JobSession is one worker's work on one job in one database: it takes ranges and does what the
// job's phase asks for, a piece at a time.
#ifndef FIELDKMS_ROTATION_JOB_SESSION_H_
#define FIELDKMS_ROTATION_JOB_SESSION_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "rotation/checkpoints.h"
#include "rotation/database.h"
#include "rotation/range_runner.h"
#include "rotation/row_work.h"
#include "rotation/service_calls.h"
#include "rotation/source/source_keys.h"
#include "rotation/table_plan.h"

namespace fieldkms::rotation {

// What the session is told of whose work it does.
struct SessionOptions {
  std::string tenant;
  std::string worker;
  std::chrono::milliseconds lease{30'000};
  uint64_t range_rows = 0;  // see Checkpoints::Take
  // What opens values of other tools; null: nothing does. It must outlive the session.
  const SourceKeys* source_keys = nullptr;
};

struct Turn {
  // Nothing can be done before so long ...
  std::chrono::milliseconds wait{0};
  // ... because of this, in words; "": it can.
  std::string resting = {};
  StepCounts counts = {};  // of this turn
  bool complete = false;   // the job is: Outcome says what it came to
};

// Not thread-safe. `database` and `calls` must outlive it. After an error the next turn goes on
// from what is in the database.
class JobSession {
 public:
  // `job` is one that was started.
  JobSession(Database& database, const ServiceCalls& calls, SessionOptions options,
             const v1::RotationJob& job, BatchObserver observer);
  ~JobSession();

  // DoTurn does a piece of work, of the size of a window of `batch_rows` rows a transaction. The
  // first one plans the job, if no other worker has. Errors: of Database and of the service;
  // kDatabaseRefused also where the plan is;
  // kFieldPolicy (CheckFields); kConfigInvalid, where the worker was not given a source key that
  // the job takes (OpenersOf), and kInvalidField, where one opens nothing (CheckSourceSamples).
  absl::StatusOr<Turn> DoTurn(const v1::RotationJob& job, size_t batch_rows);

  // Gives back what it works on, for others to go on with at once.
  absl::Status Release();

  absl::StatusOr<v1::RotationProgress> Progress();
  absl::StatusOr<v1::RotationOutcome> Outcome();
  // Tables of the job, when it has begun.
  const std::vector<TablePlan>& tables() const { return tables_; }

 private:
  absl::Status EnsureBegun(const v1::RotationJob& job);
  absl::Status LoadState();
  absl::StatusOr<Turn> DoRange(const v1::RotationJob& job, size_t batch_rows);
  absl::StatusOr<std::unique_ptr<RowWork>> WorkOn(const TablePlan& plan) const;
  absl::Status CheckLeaves();
  absl::Status StartRange(const ClaimedRange& range);
  absl::StatusOr<Turn> DoBarrier();
  absl::Status CheckQuarantine(const v1::RotationJob& job);
  double SampleShare(const v1::RotationJob& job, const TablePlan& plan) const;

  Database& database_;
  const ServiceCalls& calls_;
  const SessionOptions options_;
  const std::string job_id_;
  const std::string started_;  // of the job: when it was started
  const std::string key_;      // own name of the key that values are brought to
  const std::string destination_key_;
  const BatchObserver observer_;
  Checkpoints checkpoints_;

  std::vector<TablePlan> tables_;
  JobState state_;
  bool begun_ = false;
  // Of the range that it is at; both or none.
  std::unique_ptr<RowWork> work_;
  std::unique_ptr<RangeRunner> runner_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_JOB_SESSION_H_
