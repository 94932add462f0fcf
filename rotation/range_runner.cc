#include "rotation/range_runner.h"

#include <algorithm>
#include <utility>

#include "clients/cpp/wipe.h"
#include "crypto/status.h"
#include "kms/postgres/value.h"
#include "rotation/batch_writer.h"
#include "rotation/table_sql.h"

namespace fieldkms::rotation {
namespace {

constexpr int kMostAttempts = 6;
constexpr std::chrono::seconds kLongestWrite{15};
constexpr size_t kVerifyWindow = 5'000;

// A crash that takes the last rows takes their checkpoint with them, and they are done again: the
// job moves on from a phase by a transaction that does wait, and so for all before it.
constexpr char kNoWaitForDisk[] = "SELECT set_config('synchronous_commit', 'off', true)";

// Which transaction of a window a row is written in. Few rows need no more than one.
size_t PartsFor(size_t writes, size_t batch_rows) {
  return std::clamp<size_t>((writes + batch_rows - 1) / batch_rows, 1, kInterleave);
}

// Wipes the plaintexts of rows, where the work has any, when it goes out of scope.
class PlaintextGuard {
 public:
  PlaintextGuard(const TablePlan& plan, RowsRead* read, WorkDone* work)
      : has_any_(plan.work == Work::kEncrypt || plan.work == Work::kDecrypt),
        read_(read),
        work_(work) {}
  ~PlaintextGuard() {
    if (!has_any_) return;
    if (read_ != nullptr) Wipe(&read_->rows);
    if (work_ != nullptr) Wipe(&work_->writes);
  }
  PlaintextGuard(const PlaintextGuard&) = delete;
  PlaintextGuard& operator=(const PlaintextGuard&) = delete;

 private:
  template <class Rows>
  static void Wipe(Rows* rows) {
    for (auto& row : *rows) {
      for (std::optional<std::string>& cell : row.cells) {
        if (cell) WipeText(&*cell);
      }
    }
  }

  const bool has_any_;
  RowsRead* const read_;
  WorkDone* const work_;
};

}  // namespace

RangeRunner::RangeRunner(Database& database, Checkpoints& checkpoints, const TablePlan& plan,
                         const Target& target, RowWork& work, ClaimedRange range,
                         BatchObserver observer)
    : database_(database),
      checkpoints_(checkpoints),
      plan_(plan),
      needs_work_(NeedsWorkSql(plan, target)),
      any_done_(AnyDoneSql(plan, target)),
      work_(work),
      range_(std::move(range)),
      observer_(std::move(observer)),
      reader_(plan_, needs_work_) {}

absl::StatusOr<WindowResult> RangeRunner::Sweep(size_t batch_rows) {
  FIELDKMS_ASSIGN_OR_RETURN(RowsRead read,
                            reader_.Read(database_, range_.rest, batch_rows * kInterleave));
  const PlaintextGuard read_guard(plan_, &read, nullptr);
  FIELDKMS_ASSIGN_OR_RETURN(WorkDone work, work_.Do(read.rows));
  const PlaintextGuard work_guard(plan_, nullptr, &work);
  if (work.none_good) FIELDKMS_RETURN_IF_ERROR(CheckAnyDone(work));
  std::vector<Part> parts(PartsFor(work.writes.size(), batch_rows));
  for (size_t i = 0; i < work.writes.size(); ++i) {
    parts[i % parts.size()].writes.push_back(&work.writes[i]);
  }
  parts.back().last = true;
  WindowResult result;
  for (Part& part : parts) {
    FIELDKMS_RETURN_IF_ERROR(WritePart(read, work.bad, &part));
    result.counts.seen += part.counts.seen;
    result.counts.changed += part.counts.changed;
    result.counts.conflicts += part.counts.conflicts;
    result.counts.quarantined += part.counts.quarantined;
  }
  if (read.reached) range_.rest.lower = read.reached;
  result.done = !read.reached;
  return result;
}

// Where some row of the table is done, the job is right, and what it met is bad.
absl::Status RangeRunner::CheckAnyDone(const WorkDone& work) {
  bool any = false;
  FIELDKMS_RETURN_IF_ERROR(database_.Query(any_done_, {}, [&](const pqxx::result& rows) {
    any = BoolOf(rows.at(0)[0]);
    return absl::OkStatus();
  }));
  if (any) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kDecryptFailed,
               "of many values in a row none is good: the first " +
                   std::string(work.bad.empty() ? "does not open" : work.bad.back().reason) +
                   ". A version of the key may be disabled, or the registry may have another "
                   "field or context than they are of; nothing was changed");
}

absl::Status RangeRunner::WritePart(const RowsRead& read, const std::vector<BadCell>& bad,
                                    Part* part) {
  BatchReport report{.rows = part->writes.size()};
  for (const RowWrite* write : part->writes) {
    for (const auto& cell : write->cells) report.bytes += cell ? cell->size() : 0;
  }
  absl::Status status;
  // Rows that others hold are waited for once, for kLockTimeout; then they are left to a later
  // pass.
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    const auto begin = std::chrono::steady_clock::now();
    status = TryPart(read, bad, /*pass_over_locked=*/attempt > 0, part);
    report.took = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - begin);
    report.refused = ReasonOf(status) == Reason::kDatabaseBusy;
    if (observer_ && report.rows > 0 && (status.ok() || report.refused)) observer_(report);
    if (!report.refused) break;
  }
  return status;
}

absl::Status RangeRunner::TryPart(const RowsRead& read, const std::vector<BadCell>& bad,
                                  bool pass_over_locked, Part* part) {
  return database_.Write(
      [&](Transaction& transaction) -> absl::Status {
        if (!part->writes.empty()) transaction.Run(kNoWaitForDisk);
        StepCounts counts;
        FIELDKMS_ASSIGN_OR_RETURN(counts.changed, WriteRows(transaction, plan_, read.rows,
                                                            part->writes, pass_over_locked));
        counts.conflicts = part->writes.size() - counts.changed;
        if (part->last) {
          counts.seen = read.rows.size();
          FIELDKMS_ASSIGN_OR_RETURN(
              counts.quarantined,
              checkpoints_.Quarantine(transaction, range_, plan_, read.rows, bad));
        }
        part->counts = counts;
        return checkpoints_.Step(transaction, range_, counts,
                                 part->last ? read.reached : std::nullopt,
                                 part->last && !read.reached);
      },
      kLongestWrite);
}

absl::StatusOr<WindowResult> RangeRunner::Verify(double share) {
  FIELDKMS_ASSIGN_OR_RETURN(StepCounts counts, CountAll());
  if (counts.seen > 0) FIELDKMS_RETURN_IF_ERROR(LookAtLeftovers(&counts));
  counts.seen = 0;
  FIELDKMS_RETURN_IF_ERROR(OpenSample(share, &counts));
  FIELDKMS_RETURN_IF_ERROR(database_.Write([&](Transaction& transaction) {
    return checkpoints_.Step(transaction, range_, counts, std::nullopt, /*done=*/true);
  }));
  return WindowResult{.done = true, .counts = counts};
}

// `verified`: all rows; `seen`: those that may need work.
absl::StatusOr<StepCounts> RangeRunner::CountAll() {
  std::vector<PostgresValue> values;
  const KeyRange& rest = range_.rest;
  if (rest.lower) values.assign(rest.lower->begin(), rest.lower->end());
  if (rest.upper) values.insert(values.end(), rest.upper->begin(), rest.upper->end());
  StepCounts counts;
  FIELDKMS_RETURN_IF_ERROR(database_.Query(
      CountSql(plan_, {.lower = rest.lower.has_value(), .upper = rest.upper.has_value()},
               needs_work_),
      values, [&](const pqxx::result& rows) {
        counts.verified = rows.at(0)[0].as<uint64_t>();
        counts.seen = rows.at(0)[1].as<uint64_t>();
        return absl::OkStatus();
      }));
  return counts;
}

absl::Status RangeRunner::LookAtLeftovers(StepCounts* counts) {
  for (KeyRange rest = range_.rest;;) {
    FIELDKMS_ASSIGN_OR_RETURN(const RowsRead read, reader_.Read(database_, rest, kVerifyWindow));
    const RowWork::Leftovers left = work_.Look(read.rows);
    counts->conflicts += left.older;
    counts->quarantined += left.known_bad;
    FIELDKMS_RETURN_IF_ERROR(NoteBad(read.rows, left.bad, counts));
    if (!read.reached) return absl::OkStatus();
    rest.lower = read.reached;
  }
}

absl::Status RangeRunner::OpenSample(double share, StepCounts* counts) {
  if (share <= 0) return absl::OkStatus();
  TableReader sample(plan_, share >= 1 ? "" : "random() < " + std::to_string(share));
  for (KeyRange rest = range_.rest;;) {
    FIELDKMS_ASSIGN_OR_RETURN(RowsRead read, sample.Read(database_, rest, kVerifyWindow));
    const PlaintextGuard guard(plan_, &read, nullptr);
    std::vector<BadCell> bad;
    FIELDKMS_ASSIGN_OR_RETURN(const uint64_t opened, work_.Check(read.rows, &bad));
    counts->opened += opened;
    FIELDKMS_RETURN_IF_ERROR(NoteBad(read.rows, bad, counts));
    if (!read.reached) return absl::OkStatus();
    rest.lower = read.reached;
  }
}

// Lists what a window of verification has found, and prolongs the lease: a range may take longer.
absl::Status RangeRunner::NoteBad(const std::vector<TableRow>& rows,
                                  const std::vector<BadCell>& bad, StepCounts* counts) {
  counts->quarantined += bad.size();
  return database_.Write([&](Transaction& transaction) -> absl::Status {
    if (!bad.empty()) {
      FIELDKMS_RETURN_IF_ERROR(
          checkpoints_.Quarantine(transaction, range_, plan_, rows, bad).status());
    }
    return checkpoints_.Step(transaction, range_, {}, std::nullopt, /*done=*/false);
  });
}

}  // namespace fieldkms::rotation
