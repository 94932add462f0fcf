// CompanionWork makes one column of a row out of another: ciphertexts of plaintexts and back, blind
// indexes, and newer format-preserving texts with their versions.
//
// What stands in the row is never given up for something that was not made: where a value is bad,
// both columns stay as they are, and it is tried again in each pass, since an application may mend
// it. Plaintexts pass through the worker, which none of Rewrapper's do.
#ifndef FIELDKMS_ROTATION_COMPANION_WORK_H_
#define FIELDKMS_ROTATION_COMPANION_WORK_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rotation/column_values.h"
#include "rotation/row_work.h"
#include "rotation/service_calls.h"
#include "rotation/table_plan.h"

namespace fieldkms::rotation {

// Of all but kReseal. `plan`, `calls` and `openers` must outlive it. `openers`: of each column what
// opens its companion, null where that is plaintext; none: of no column.
class CompanionWork : public RowWork {
 public:
  CompanionWork(const TablePlan& plan, ColumnValues::Options options, const ServiceCalls& calls,
                std::vector<const SourceOpener*> openers = {});

  void SetKnownBad(std::set<std::string> digests) override { known_bad_ = std::move(digests); }
  absl::StatusOr<WorkDone> Do(std::span<const TableRow> rows) override;
  Leftovers Look(std::span<const TableRow> rows) const override;
  // Rows that have both columns: plaintexts are compared with what the ciphertexts open to, and
  // indexes with those of what they open to; texts are read.
  absl::StatusOr<uint64_t> Check(std::span<const TableRow> rows,
                                 std::vector<BadCell>* bad) override;

 private:
  bool NeedsWork(const TableRow& row, size_t column) const;
  std::vector<size_t> RowsToDo(std::span<const TableRow> rows, size_t column) const;
  std::vector<size_t> RowsDone(std::span<const TableRow> rows, size_t column) const;
  absl::StatusOr<MadeValues> Make(std::span<const TableRow> rows, std::span<const size_t> picked,
                                  size_t column) const;
  void Write(std::span<const TableRow> rows, size_t column, const MadeValues& made,
             std::vector<RowWrite*>* writes, WorkDone* out) const;
  void Put(const MadeValue& made, size_t column, RowWrite* write) const;
  bool NoneIsGood(const MadeValues& made, std::span<const TableRow> rows, size_t column) const;
  absl::StatusOr<uint64_t> CheckColumn(std::span<const TableRow> rows, size_t column,
                                       std::vector<BadCell>* bad) const;
  // Whether the companion is what was opened, or made of it.
  bool Matches(const MadeValue& opened, const TableRow& row, size_t column) const;
  // Why what was opened is not what the companion opens to; "": it is.
  static std::string_view Against(const MadeValue& opened, const MadeValue& source);
  const SourceOpener* OpenerOf(size_t column) const {
    return column < openers_.size() ? openers_[column] : nullptr;
  }

  const TablePlan& plan_;
  const ColumnValues::Options options_;
  const ServiceCalls& calls_;
  const std::vector<const SourceOpener*> openers_;
  std::set<std::string> known_bad_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_COMPANION_WORK_H_
