// Close, reopen and switch: steps that add and drop no column (conversion_begin.cc,
// conversion_drop.cc).
#include "rotation/conversion.h"

#include <algorithm>
#include <optional>
#include <pqxx/result>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "crypto/status.h"
#include "kms/postgres/value.h"
#include "rotation/array_fields.h"
#include "rotation/conversion_checks.h"
#include "rotation/conversion_step.h"
#include "rotation/in_step.h"
#include "rotation/registry_rows.h"

namespace fieldkms::rotation {
namespace {

constexpr size_t kLongestName = 63;

struct Stages {
  Conversion open;
  Conversion closed;
  Conversion switched;
};
constexpr Stages kWays[] = {
    {Conversion::kProtect, Conversion::kProtectClosed, Conversion::kProtected},
    {Conversion::kUnprotect, Conversion::kUnprotectClosed, Conversion::kUnprotected}};

// Brings a column at `from` to `to`; one that is there already gets its triggers anew.
absl::StatusOr<ProtectedColumn> Move(Database& database, const TableName& table,
                                     std::string_view column, Conversion Stages::*from,
                                     Conversion Stages::*to, std::string_view message,
                                     StepRun run) {
  const auto step = [&](Transaction& transaction, RegistryRow* row) {
    Conversion& stage = row->column.conversion;
    for (const Stages& way : kWays) {
      if (stage != way.*from && stage != way.*to) continue;
      stage = way.*to;
      return WriteInStep(transaction, *row);
    }
    return WrongStage(row->column, message);
  };
  return ChangeLocked(database, table, column, step, run);
}

std::vector<Oid> LeafOids(Transaction& transaction, Oid relation) {
  const Oid roots[] = {relation};
  std::vector<Oid> oids;
  for (const Leaf& leaf : LeavesOf(transaction, roots)) oids.push_back(leaf.oid);
  return oids;
}

// What was found before the table was locked.
struct Counted {
  ProtectedColumn column;
  std::vector<Oid> leaves;
};

absl::Status CountedNone(uint64_t unfilled) {
  if (unfilled == 0) return absl::OkStatus();
  return DatabaseRefused(std::to_string(unfilled) +
                         " rows have no value in the other column yet: a job fills them");
}

// What the last job over each leaf found not to be what it is made of, or not to open.
constexpr std::string_view kQuarantined = R"sql(
  SELECT count(*) FROM kms.rotation_quarantine q
    JOIN kms.rotation_tables t USING (job_id, table_no) JOIN kms.rotation_jobs j USING (job_id)
  WHERE t.relation = ANY($1::oid[]) AND q.attribute = $2
    AND j.created_at = (SELECT max(o.created_at) FROM kms.rotation_jobs o
      JOIN kms.rotation_tables s USING (job_id) WHERE s.relation = t.relation))sql";

absl::Status CheckNoneQuarantined(Transaction& transaction, const std::vector<Oid>& leaves,
                                  const std::string& column) {
  const auto count =
      transaction.Run(kQuarantined, {ArrayOf(std::span<const Oid>(leaves)), column})[0][0]
          .as<uint64_t>();
  if (count == 0) return absl::OkStatus();
  return DatabaseRefused("the last job has quarantined " + std::to_string(count) +
                         " values of the column (kms.rotation_quarantine lists them): mend them, "
                         "and let a job look at them again, before one of the two columns goes");
}

absl::StatusOr<Counted> CountBeforeSwitch(Database& database, const TableName& table,
                                          std::string_view name) {
  Counted counted;
  const auto count = [&](Transaction& transaction) -> absl::Status {
    FIELDKMS_ASSIGN_OR_RETURN(RegistryRow row, FindConverted(transaction, table, name));
    ProtectedColumn& column = counted.column;
    column = std::move(row.column);
    if (IsSwitched(column.conversion)) return absl::OkStatus();
    if (column.conversion != Conversion::kProtectClosed &&
        column.conversion != Conversion::kUnprotectClosed) {
      return WrongStage(column, "fieldkms column close comes first");
    }
    counted.leaves = LeafOids(transaction, column.relation);
    FIELDKMS_RETURN_IF_ERROR(CheckNoneQuarantined(transaction, counted.leaves, column.column));
    return CountedNone(
        CountWithout(transaction, column.table, LeaderOf(column), FollowerOf(column)));
  };
  FIELDKMS_RETURN_IF_ERROR(database.Read(count, kWholeTable));
  return counted;
}

std::string ConstraintName(const ProtectedColumn& column) {
  return InStepPrefix(column) + "not_null";
}

bool HasConstraint(Transaction& transaction, const ProtectedColumn& column) {
  return !transaction
              .Run("SELECT FROM pg_constraint WHERE conrelid = $1 AND conname = $2",
                   {column.relation, ConstraintName(column)})
              .empty();
}

// NOT NULL goes over to the new leader; the old one takes no value any more but NULL. Every row
// with a leader has a follower, so the constraint holds, but for it to be valid PostgreSQL would
// have to read the table.
void MoveNotNull(Transaction& transaction, const ProtectedColumn& column) {
  const std::vector<Oid> tree = TreeOf(transaction, column.relation);
  const std::string alter = "ALTER TABLE " + TableSql(column.table) + " ";
  const std::string leader = Quoted(LeaderOf(column));
  const std::string constraint = Quoted(ConstraintName(column));
  const bool constrained = HasConstraint(transaction, column);
  if (constrained || IsNotNull(transaction, tree, LeaderOf(column))) {
    transaction.RunOnce(alter + "ALTER COLUMN " + leader + " DROP NOT NULL, DROP CONSTRAINT IF " +
                        "EXISTS " + constraint);
    transaction.RunOnce(alter + "ADD CONSTRAINT " + constraint + " CHECK (" +
                        Quoted(FollowerOf(column)) + " IS NOT NULL) NOT VALID");
  }
  transaction.RunOnce(alter + "ALTER COLUMN " + leader + " DROP DEFAULT");
}

bool HasColumn(Transaction& transaction, Oid relation, std::string_view name) {
  const Oid oids[] = {relation};
  const auto columns = ColumnsOf(transaction, oids);
  const auto found = columns.find(relation);
  return found != columns.end() &&
         std::any_of(found->second.begin(), found->second.end(),
                     [&](const Column& column) { return column.name == name; });
}

// The names of leader and follower after the switch.
absl::StatusOr<std::pair<std::string, std::string>> NamesAfter(Transaction& transaction,
                                                               const ProtectedColumn& column,
                                                               const SwitchNames& names) {
  const std::string& leader = LeaderOf(column);
  if (!names.rename) return std::pair(leader, FollowerOf(column));
  const bool protects = column.conversion == Conversion::kProtectClosed;
  const std::string name =
      names.leader.empty() ? leader + (protects ? "_plain" : "_protected") : names.leader;
  if (name.size() > kLongestName) {
    return InvalidField("leader", "would have a name of more than 63 bytes: say which one");
  }
  // The follower's own name becomes free.
  if (name != FollowerOf(column) && HasColumn(transaction, column.relation, name)) {
    return InvalidField("leader", "is to be called as a column that is there: say how instead");
  }
  return std::pair(name, leader);
}

void RenameColumn(Transaction& transaction, const TableName& table, const std::string& from,
                  const std::string& to) {
  if (from == to) return;
  transaction.RunOnce("ALTER TABLE " + TableSql(table) + " RENAME COLUMN " + Quoted(from) + " TO " +
                      Quoted(to));
}

// The follower goes out of the way first, by a name that nobody has: either may get the other's.
absl::Status Rename(Transaction& transaction, const SwitchNames& wanted, ProtectedColumn* column) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto names, NamesAfter(transaction, *column, wanted));
  const std::string leader = LeaderOf(*column);
  const std::string follower = FollowerOf(*column);
  const std::string aside = ConstraintName(*column);
  if (names.first != leader) {
    RenameColumn(transaction, column->table, follower, aside);
    RenameColumn(transaction, column->table, leader, names.first);
    RenameColumn(transaction, column->table, aside, names.second);
  }
  const bool plain_leads = PlaintextLeads(column->conversion);
  column->plain_column = plain_leads ? names.first : names.second;
  column->column = plain_leads ? names.second : names.first;
  return absl::OkStatus();
}

// Counted were all rows there were after closing. Closing waited for every transaction that had
// written to the table, and since then a trigger refuses what would have to be counted. So nothing
// is left, as long as the triggers were in force and no partition has come with rows of its own.
absl::Status CheckStillCounted(Transaction& transaction, const Counted& counted,
                               const RegistryRow& row) {
  const std::vector<Oid> leaves = LeafOids(transaction, row.column.relation);
  if (row.column.binding_id != counted.column.binding_id ||
      row.column.conversion != counted.column.conversion || leaves != counted.leaves) {
    return Error(absl::StatusCode::kAborted, Reason::kDatabaseBusy,
                 "the application's database: the table was changed meanwhile: try again");
  }
  return CheckTriggersInForce(transaction, leaves, row.column);
}

}  // namespace

bool IsFilling(Conversion conversion) {
  return std::any_of(std::begin(kWays), std::end(kWays), [&](const Stages& way) {
    return conversion == way.open || conversion == way.closed;
  });
}

absl::StatusOr<ProtectedColumn> CloseConversion(Database& database, const TableName& table,
                                                std::string_view column, StepRun run) {
  return Move(database, table, column, &Stages::open, &Stages::closed, "there is nothing to close",
              run);
}

absl::StatusOr<ProtectedColumn> ReopenConversion(Database& database, const TableName& table,
                                                 std::string_view column, StepRun run) {
  return Move(database, table, column, &Stages::closed, &Stages::open, "there is nothing to reopen",
              run);
}

absl::StatusOr<uint64_t> CountUnfilled(Database& database, const ProtectedColumn& column) {
  if (!IsFilling(column.conversion)) return 0;
  return CountWithout(database, column.table, LeaderOf(column), FollowerOf(column));
}

absl::StatusOr<ProtectedColumn> SwitchConversion(Database& database, const TableName& table,
                                                 std::string_view column, const SwitchNames& names,
                                                 StepRun run) {
  FIELDKMS_ASSIGN_OR_RETURN(const Counted counted, CountBeforeSwitch(database, table, column));
  const auto step = [&](Transaction& transaction, RegistryRow* row) -> absl::Status {
    if (IsSwitched(row->column.conversion)) return WriteInStep(transaction, *row);
    FIELDKMS_RETURN_IF_ERROR(CheckStillCounted(transaction, counted, *row));
    // Conditions of triggers stand in the way of nothing here, but they are of the old leader.
    transaction.RunOnce(DropInStepSql(row->column));
    MoveNotNull(transaction, row->column);
    FIELDKMS_RETURN_IF_ERROR(Rename(transaction, names, &row->column));
    row->column.conversion =
        PlaintextLeads(row->column.conversion) ? Conversion::kProtected : Conversion::kUnprotected;
    return WriteInStep(transaction, *row);
  };
  return ChangeLocked(database, table, column, step, run);
}

}  // namespace fieldkms::rotation
