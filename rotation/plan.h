// The plan of a job: what it would do, how long that would take, and what speaks against it. Making
// one changes nothing.
#ifndef FIELDKMS_ROTATION_PLAN_H_
#define FIELDKMS_ROTATION_PLAN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "rotation/database.h"
#include "rotation/table_plan.h"

namespace fieldkms::rotation {

// kRefused: the job cannot run before it is mended. kWarning: it can; somebody should know.
enum class Severity : uint8_t { kNote, kWarning, kRefused };

// A finding names tables, columns, triggers and rules, never a value.
struct Finding {
  Severity severity = Severity::kNote;
  std::string code;  // stable, such as "UPDATE_TRIGGER"; docs/rotation.md lists them
  TableName table;
  std::string column;   // "": of the table
  std::string message;  // what is so, and what to do
};

// What the columns of a sample of rows hold. Of all work but kReseal a row is older if there is
// work to do, current if that is done, and null if there is nothing to do it on. A row counts once:
// as older if a value of it is, else as malformed, else as of another key, else as current.
struct SampleCounts {
  uint64_t rows = 0;
  uint64_t nulls = 0;      // nothing is there, or JSON and arrays without envelopes
  uint64_t current = 0;    // under the target version, or a later one
  uint64_t older = 0;      // what the job is for
  uint64_t other_key = 0;  // envelopes of a key that the job is not about
  uint64_t malformed = 0;  // no envelopes: plaintext, or damage
};

// A range rather than a number: it is an estimate.
struct Range {
  double low = 0;
  double high = 0;
};

struct TableEstimate {
  TablePlan plan;
  SampleCounts sample;
  Range rows_to_change;
  uint64_t batches = 0;
  Range wal_bytes;
  Range bloat_bytes;  // by which the table may grow, for good unless it is rewritten
  uint64_t table_bytes = 0;
};

struct PlanRequest {
  std::string tenant;
  Work work = Work::kReseal;
  // Names that the registry may have for the key that the work is about, of indexes the key of
  // these: its own, and aliases.
  std::vector<std::string> key_names;
  std::string source_key_id;  // 8 bytes
  std::string target_key_id;  // 8 bytes; the same but for a rekey
  uint32_t target_version = 0;
  // Empty: all columns that the registry has of this tenant and key, and that the work can be done
  // on. Columns empty: all of the
  // table's.
  struct Table {
    TableName name;
    std::vector<std::string> columns;
  };
  std::vector<Table> tables;
  bool accept_triggers = false;
  uint32_t batch_rows = 5'000;
  // Rows looked at of each table; partitions and children share them, twenty each at least.
  uint32_t sample_rows = 2'000;
};

struct JobPlan {
  std::vector<TableEstimate> tables;  // leaves, in the order of their roots and names
  std::vector<Finding> findings;      // the worst first
  bool refused() const;
};

// MakePlan looks at all in one transaction that cannot write. What is so of several partitions or
// children is one finding of their root. Errors: those of Database; kInvalidField, naming
// "tables[1].columns[0]", for a table or column that is not in the registry or not of the key, or
// is named twice. What else is wrong with one is a finding:
//   refused: a view, foreign or temporary table; no SELECT on it or no UPDATE of its columns; rows
//   hidden by row security from this role; an UPDATE trigger that is not accepted, or a rule; the
//   column is generated; its type does not fit the shape; key or context columns are gone; the
//   sample has plaintext, mixed contents or ciphertexts of other keys only; a table without a
//   unique key on a server below 14; columns of one table that are bound to different key columns;
//   a table that two of the registry have; one that is published without a replica identity; no
//   columns at all; a companion column that is gone or generated; arrays, or JSON without a field,
//   of other work than kReseal; blind indexes of a column without a field; kReseal
//   of a column that is becoming plaintext.
//   warnings: accepted triggers; logical replication and slots that will see every row; indexes on
//   the column (no HOT); a partial or expression index or generated column that reads it; foreign
//   keys; no autovacuum; a table whose fillfactor leaves no space; a key that does not follow the
//   rows' places (pg_stats.correlation between -0.5 and 0.5), read by place then; never analysed;
//   some ciphertexts of other keys; JSON without any; rows of which none could be looked at;
//   registered columns that are gone.
absl::StatusOr<JobPlan> MakePlan(Database& database, const PlanRequest& request);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_PLAN_H_
