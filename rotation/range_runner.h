// RangeRunner does the work of a range, window by window: reads rows without locks, has them
// worked on with no transaction open, writes them in short transactions, each with its checkpoint.
//
// A window is written in kInterleave transactions of every eighth row each. A page is full when the
// first of them comes: its new row versions go elsewhere. The next finds there what the first left
// dead, prunes it, and writes in place (HOT), so that the table and its indexes hardly grow.
#ifndef FIELDKMS_ROTATION_RANGE_RUNNER_H_
#define FIELDKMS_ROTATION_RANGE_RUNNER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "rotation/checkpoints.h"
#include "rotation/database.h"
#include "rotation/row_work.h"
#include "rotation/table_plan.h"
#include "rotation/table_reader.h"

namespace fieldkms::rotation {

inline constexpr size_t kInterleave = 8;

// What is told of each transaction that wrote rows.
struct BatchReport {
  size_t rows = 0;
  size_t bytes = 0;  // of their cells
  std::chrono::microseconds took{0};
  bool refused = false;  // nothing was written: another session was in the way; it is tried again
};
using BatchObserver = std::function<void(const BatchReport&)>;

struct WindowResult {
  bool done = false;  // the range is
  StepCounts counts;
};

// Not thread-safe. All that it is given must outlive it. Errors: those of Database, of the service
// (RowWork), kFailedPrecondition, kDecryptFailed, where of many values none is good and no row of
// the table is done: then it is not they who are wrong; and kAborted, kLeaseExpired, where the
// range was lost. After any error but the last the range can be gone on with: what is in the
// database is true, so it is taken again.
class RangeRunner {
 public:
  RangeRunner(Database& database, Checkpoints& checkpoints, const TablePlan& plan,
              const Target& target, RowWork& work, ClaimedRange range, BatchObserver observer);

  // Does the next rows, about kInterleave times `batch_rows`.
  absl::StatusOr<WindowResult> Sweep(size_t batch_rows);
  // Reads all headers of the range, and has about `share` (0 to 1) of its rows opened. What is left
  // to do counts as conflicts.
  absl::StatusOr<WindowResult> Verify(double share);

  const ClaimedRange& range() const { return range_; }

 private:
  // One transaction of a window; the last moves the range on.
  struct Part {
    std::vector<const RowWrite*> writes;
    StepCounts counts;
    bool last = false;
  };
  absl::Status CheckAnyDone(const WorkDone& work);
  absl::Status WritePart(const RowsRead& read, const std::vector<BadCell>& bad, Part* part);
  absl::Status TryPart(const RowsRead& read, const std::vector<BadCell>& bad, bool pass_over_locked,
                       Part* part);
  absl::StatusOr<StepCounts> CountAll();
  absl::Status LookAtLeftovers(StepCounts* counts);
  absl::Status OpenSample(double share, StepCounts* counts);
  absl::Status NoteBad(const std::vector<TableRow>& rows, const std::vector<BadCell>& bad,
                       StepCounts* counts);

  Database& database_;
  Checkpoints& checkpoints_;
  const TablePlan& plan_;
  const std::string needs_work_;
  const std::string any_done_;
  RowWork& work_;
  ClaimedRange range_;
  const BatchObserver observer_;
  TableReader reader_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_RANGE_RUNNER_H_
