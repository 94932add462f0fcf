// Checkpoints of a job, in the database whose rows it writes (sql/target/0002_rotation.sql): which
// ranges there are, whose they are, how far, and what the job is at.
//
// A pass goes over all tables. Each is carved into ranges as workers ask for them; a range belongs
// to the worker that took it last, for as long as its lease lasts by the database's clock, which
// every step prolongs. A worker that lost a range (it slept, it was cut off) has a fence that is
// not the range's any more, and its transactions change nothing. Clocks that jump end leases early;
// no more can come of it.
//
// When all ranges of a pass are done, whichever worker sees it first moves the job on:
//   sweep → barrier → final_sweep, again and again until one has changed nothing and met no
//   conflict → verify → complete; from verify back to final_sweep if something is left.
#ifndef FIELDKMS_ROTATION_CHECKPOINTS_H_
#define FIELDKMS_ROTATION_CHECKPOINTS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rotation/database.h"
#include "rotation/row_work.h"
#include "rotation/table_plan.h"
#include "rotation/table_reader.h"
#include "rotation/table_sql.h"

namespace fieldkms::rotation {

enum class Phase : uint8_t { kSweep, kBarrier, kFinalSweep, kVerify, kComplete };

struct JobState {
  Phase phase = Phase::kSweep;
  uint32_t pass = 1;
  Target target;
  // Transactions that the barrier waits for; none yet: the service's part of it is not passed.
  std::optional<uint64_t> awaited_transactions;
  std::string barrier_time;  // as PostgreSQL prints it, in UTC; "": not passed
  std::string verify_time;
};

// Counts of rows, added up.
struct StepCounts {
  uint64_t seen = 0;
  uint64_t changed = 0;
  uint64_t conflicts = 0;
  uint64_t quarantined = 0;
  uint64_t verified = 0;
  uint64_t opened = 0;
};

struct ClaimedRange {
  size_t table = 0;  // among the job's tables
  uint32_t pass = 0;
  uint32_t range = 0;
  uint64_t fence = 0;
  KeyRange rest;  // what is left of it
};

// What a worker may do now.
struct Claim {
  std::optional<ClaimedRange> range;
  // No range, but others are at work on some: wait, they may die.
  bool others_at_work = false;
};

struct TableProgress {
  TableName leaf;
  uint64_t estimated_rows = 0;
  StepCounts first_pass;
  StepCounts all_passes;
  StepCounts this_pass;
  bool pass_done = false;
};

// A cell of kms.rotation_quarantine.
struct QuarantinedCell {
  TableName leaf;
  std::string column;
  KeyTexts row;
  std::string reason;
  std::string time;
};

// kAborted, kRotationState: the job that is here is of a later start than was asked for.
absl::Status StartedAgain();

// For one thread at a time. Errors: of Database.
class Checkpoints {
 public:
  // `worker`: a name that no other worker has. `lease`: how long a range stays a worker's without a
  // step.
  Checkpoints(Database& database, std::string job_id, std::string worker,
              std::chrono::milliseconds lease)
      : database_(database),
        job_id_(std::move(job_id)),
        worker_(std::move(worker)),
        lease_(lease) {}

  // The job as it is here; none: nobody has begun it, or only before `started`.
  absl::StatusOr<std::optional<JobState>> Load(std::string_view started);
  // Begin writes the job with its tables, in place of what an earlier start has left; if another
  // worker has begun this start already, it changes nothing. `started`: seconds, a point and
  // nanoseconds. Error: StartedAgain, where a later start was begun.
  absl::Status Begin(std::string_view tenant, std::string_view started, const Target& target,
                     std::span<const TablePlan> tables);
  absl::StatusOr<std::vector<TablePlan>> Tables();

  // Take takes a range of the pass: one whose worker is gone, or that this one has lost sight of
  // (it has one at a time), or a new one of about `rows` rows (0: a
  // sixteenth of the table's, 10,000 to 200,000).
  absl::StatusOr<Claim> Take(const JobState& state, std::span<const TablePlan> tables,
                             uint64_t rows);
  // Release gives a range back.
  absl::Status Release(const ClaimedRange& range);

  // Step, within the transaction that writes rows: adds counts, moves the range on to `reached`
  // (none: stays), ends it, prolongs the lease. Error: kAborted, kLeaseExpired: the range is
  // another's by now; the transaction must not be committed. Throws what libpqxx throws.
  absl::Status Step(Transaction& transaction, const ClaimedRange& range, const StepCounts& counts,
                    const std::optional<KeyTexts>& reached, bool done);
  // Quarantine lists bad cells of `rows`, and returns how many of them are new.
  absl::StatusOr<uint64_t> Quarantine(Transaction& transaction, const ClaimedRange& range,
                                      const TablePlan& plan, std::span<const TableRow> rows,
                                      std::span<const BadCell> bad);
  // How many cells the job has quarantined, in all tables.
  absl::StatusOr<uint64_t> CountQuarantined();
  // Digests of a table's quarantined cells.
  absl::StatusOr<std::set<std::string>> KnownBad(size_t table);
  absl::StatusOr<std::vector<QuarantinedCell>> ListQuarantine(size_t limit);

  // MoveOn takes the job from `state` to what follows, if the pass is over. False: it is not, or
  // another was quicker: load again.
  absl::StatusOr<bool> MoveOn(const JobState& state);
  // The barrier, second part: notes the transactions that are open now, which may hold what was
  // sealed before; and tells how many of those are left.
  absl::Status NoteOpenTransactions(const JobState& state);
  absl::StatusOr<uint64_t> CountAwaited();

  absl::StatusOr<std::vector<TableProgress>> Progress(const JobState& state);

 private:
  absl::StatusOr<Claim> TakeInTransaction(Transaction& transaction, const JobState& state,
                                          std::span<const TablePlan> tables, uint64_t rows);
  std::optional<ClaimedRange> TakeLeft(Transaction& transaction, const JobState& state);
  std::optional<ClaimedRange> Carve(Transaction& transaction, const JobState& state,
                                    std::span<const TablePlan> tables, uint64_t rows);

  Database& database_;
  const std::string job_id_;
  const std::string worker_;
  const std::chrono::milliseconds lease_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_CHECKPOINTS_H_
