// The statements with which a job reads and writes one table. Pure functions of the plan: names are
// quoted, values are parameters; only key ids and versions, which are the job's own, stand in the
// text.
#ifndef FIELDKMS_ROTATION_TABLE_SQL_H_
#define FIELDKMS_ROTATION_TABLE_SQL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "rotation/table_plan.h"

namespace fieldkms::rotation {

// The versions that values are brought to: of the key that seals, indexes or makes texts.
struct Target {
  std::string source_key_id;  // 8 bytes: what is looked for
  std::string key_id;         // 8 bytes: what it is to be sealed under
  uint32_t version = 0;       // or a later one
  friend bool operator==(const Target&, const Target&) = default;
};

// Which ends a range has; both are parameters.
struct Ends {
  bool lower = false;  // exclusive
  bool upper = false;  // inclusive
};

// Whether a row has a value that may need work, as SQL over alias t: true also where only reading
// the value can tell. Header bytes are compared where the column is of one envelope.
std::string NeedsWorkSql(const TablePlan& plan, const Target& target);

// What a column of a row is: true where it needs work, false where that is done, null where there
// is nothing to work on. Exact, but of kReseal.
std::string ColumnStateSql(const CipherColumn& column, Work work, const Target& target);

// Columns that must be as they were read for a row to be written: those that what is written is
// bound to, where it is sealed for the first time.
std::vector<PlainColumn> BoundColumns(const TablePlan& plan);

// Columns of a row as RowsOf reads them: scan_key, then (of order kPlace) ctid, row_key,
// context_columns, slots; all as text but bytea columns.
std::string SelectListSql(const TablePlan& plan);

// Reads rows of a range that satisfy `condition` (over alias t; "" for all). Parameters: the lower
// end's key texts, if it has one, those of the upper one, if it has one, and last, of order kKey,
// how many rows at most. Of order kPlace ends are numbers of pages, and all rows of those pages
// are read.
std::string SelectRowsSql(const TablePlan& plan, const Ends& ends, const std::string& condition);

// The key `count` rows behind the lower end and up to the upper one, of order kKey. Parameters: as
// above, and then how many rows to pass over.
std::string BoundSql(const TablePlan& plan, const Ends& ends);
// The last key of the table; of order kPlace, how many pages it has, as text.
std::string LastKeySql(const TablePlan& plan);

// Whether any row of the table has a value, and nothing that needs work.
std::string AnyDoneSql(const TablePlan& plan, const Target& target);

// Counts the rows of a range, and those of them that satisfy `condition`.
std::string CountSql(const TablePlan& plan, const Ends& ends, const std::string& condition);

// Writes rows that still have what was read. Parameters, all arrays with an element a row: what
// rows are found by (the columns of scan_key; or ctid, where there is none), then of each slot what
// was read and, where it is written, what to write, and last BoundColumns. Returns one row: how
// many were written, and whether all of those kept what was written to them, byte by byte.
// `pass_over_locked`: rows that others have locked are left as they are, where otherwise they are
// waited for.
std::string UpdateRowsSql(const TablePlan& plan, bool pass_over_locked);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_TABLE_SQL_H_
