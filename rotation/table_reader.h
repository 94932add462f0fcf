// TableReader reads rows of one table, window by window, in the plan's order. No lock is taken, and
// no transaction stays open.
#ifndef FIELDKMS_ROTATION_TABLE_READER_H_
#define FIELDKMS_ROTATION_TABLE_READER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rotation/database.h"
#include "rotation/table_plan.h"
#include "rotation/table_sql.h"

namespace fieldkms::rotation {

// A key, as texts of the plan's scan_key; of order kPlace one number, of a page.
using KeyTexts = std::vector<std::string>;

// Rows with lower < key <= upper; of order kPlace the pages from lower up to, and without, upper.
// None: no bound.
struct KeyRange {
  std::optional<KeyTexts> lower;
  std::optional<KeyTexts> upper;
};

// A row as it was read. Texts are PostgreSQL's; bytea columns are bytes.
struct TableRow {
  KeyTexts key;       // scan_key
  std::string place;  // ctid, of order kPlace
  std::vector<std::optional<std::string>> row_key;
  std::vector<std::optional<std::string>> context;
  std::vector<std::optional<std::string>> cells;  // of each slot
};

// What finds a row again in messages to people: its key, or its place where it has none.
KeyTexts NameOf(const TableRow& row);

struct RowsRead {
  std::vector<TableRow> rows;
  uint64_t bytes = 0;  // of cells
  // Where to go on; none: the range is at its end.
  std::optional<KeyTexts> reached;
};

// Not thread-safe.
class TableReader {
 public:
  // `condition` as in SelectRowsSql.
  TableReader(const TablePlan& plan, std::string condition)
      : plan_(plan), slots_(SlotsOf(plan)), condition_(std::move(condition)) {}

  // Read returns the next rows of a range, about `limit` of them (of order kKey at most), and how
  // far they reach. An empty answer may still have `reached`. Errors: of Database.
  absl::StatusOr<RowsRead> Read(Database& database, const KeyRange& range, size_t limit);

 private:
  absl::StatusOr<RowsRead> ReadByKey(Database& database, const KeyRange& range, size_t limit);
  absl::StatusOr<RowsRead> ReadByPlace(Database& database, const KeyRange& range, size_t limit);

  const TablePlan& plan_;
  const std::vector<Slot> slots_;
  const std::string condition_;
  uint64_t pages_ = 16;  // to read next, of order kPlace
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_TABLE_READER_H_
