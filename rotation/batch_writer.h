// WriteRows writes rows that were worked on, each only if it is still as it was read.
#ifndef FIELDKMS_ROTATION_BATCH_WRITER_H_
#define FIELDKMS_ROTATION_BATCH_WRITER_H_

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "rotation/database.h"
#include "rotation/row_work.h"
#include "rotation/table_plan.h"
#include "rotation/table_reader.h"

namespace fieldkms::rotation {

// WriteRows writes `writes`, of `rows`, in `transaction`, and returns how many it wrote: the others
// have changed, are gone or, with `pass_over_locked`, are locked by others. Error:
// kFailedPrecondition, kDatabaseRefused, where a trigger, a rule or a type made something else
// of what was written. Throws what libpqxx throws.
absl::StatusOr<uint64_t> WriteRows(Transaction& transaction, const TablePlan& plan,
                                   std::span<const TableRow> rows,
                                   std::span<const RowWrite* const> writes, bool pass_over_locked);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_BATCH_WRITER_H_
