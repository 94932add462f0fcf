#include "rotation/conversion_step.h"

#include <algorithm>
#include <pqxx/result>
#include <utility>
#include <vector>

#include "crypto/status.h"
#include "rotation/conversion_checks.h"
#include "rotation/in_step.h"

namespace fieldkms::rotation {

std::string TableSql(const TableName& table) { return Quoted(table.schema, table.table); }

absl::StatusOr<RegistryRow> FindConverted(Transaction& transaction, const TableName& table,
                                          std::string_view column) {
  std::vector<RegistryRow> rows = ReadRegistry(transaction, "");
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const RegistryRow& row) {
    return !row.orphan && row.column.table == table &&
           (row.column.column == column || row.column.plain_column == column);
  });
  if (found != rows.end()) return std::move(*found);
  return Error(absl::StatusCode::kNotFound, Reason::kDatabaseRefused,
               "the column is not in the registry", "column");
}

absl::StatusOr<ProtectedColumn> FindConverted(Database& database, const TableName& table,
                                              std::string_view column) {
  ProtectedColumn found;
  FIELDKMS_RETURN_IF_ERROR(database.Read([&](Transaction& transaction) -> absl::Status {
    FIELDKMS_ASSIGN_OR_RETURN(RegistryRow row, FindConverted(transaction, table, column));
    found = std::move(row.column);
    return absl::OkStatus();
  }));
  return found;
}

void LockTable(Transaction& transaction, const TableName& table) {
  transaction.RunOnce("LOCK TABLE " + TableSql(table) + " IN ACCESS EXCLUSIVE MODE");
}

absl::Status WriteAs(StepRun run, Database& database, const Database::Body& body) {
  if (run == StepRun::kForGood) return database.Write(body);
  bool rehearsed = false;
  const absl::Status status = database.Write([&](Transaction& transaction) -> absl::Status {
    FIELDKMS_RETURN_IF_ERROR(body(transaction));
    rehearsed = true;
    return absl::CancelledError();
  });
  return rehearsed ? absl::OkStatus() : status;
}

absl::StatusOr<ProtectedColumn> ChangeLocked(Database& database, const TableName& table,
                                             std::string_view column, const Step& step,
                                             StepRun run) {
  ProtectedColumn changed;
  const auto locked = [&](Transaction& transaction) -> absl::Status {
    FIELDKMS_RETURN_IF_ERROR(FindConverted(transaction, table, column).status());
    LockTable(transaction, table);
    // Names of the registry that are no longer right would be in the way of new ones. It also keeps
    // the rows from being removed.
    RefreshRegistry(transaction);
    // What the step before it has committed is seen only now.
    FIELDKMS_ASSIGN_OR_RETURN(RegistryRow row, FindConverted(transaction, table, column));
    FIELDKMS_RETURN_IF_ERROR(step(transaction, &row));
    changed = std::move(row.column);
    return absl::OkStatus();
  };
  FIELDKMS_RETURN_IF_ERROR(WriteAs(run, database, locked));
  return changed;
}

absl::Status WriteInStep(Transaction& transaction, const RegistryRow& row) {
  const std::vector<Oid> tree = TreeOf(transaction, row.column.relation);
  FIELDKMS_RETURN_IF_ERROR(CheckTriggerOrder(transaction, tree, row.column));
  UpdateRow(transaction, row);
  transaction.RunOnce(DropInStepSql(row.column) + CreateInStepSql(row.column));
  return absl::OkStatus();
}

uint64_t CountWithout(Transaction& transaction, const TableName& table, std::string_view present,
                      std::string_view missing) {
  const pqxx::result counted =
      transaction.RunOnce("SELECT count(*) FROM " + TableSql(table) + " WHERE " + Quoted(present) +
                          " IS NOT NULL AND " + Quoted(missing) + " IS NULL");
  return counted[0][0].as<uint64_t>();
}

absl::StatusOr<uint64_t> CountWithout(Database& database, const TableName& table,
                                      std::string_view present, std::string_view missing) {
  uint64_t count = 0;
  FIELDKMS_RETURN_IF_ERROR(database.Read(
      [&](Transaction& transaction) {
        count = CountWithout(transaction, table, present, missing);
        return absl::OkStatus();
      },
      kWholeTable));
  return count;
}

absl::Status WrongStage(const ProtectedColumn& column, std::string_view message) {
  const std::string_view stage = ConversionName(column.conversion);
  return DatabaseRefused("the column is at stage " + std::string(stage.empty() ? "none" : stage) +
                         ": " + std::string(message));
}

}  // namespace fieldkms::rotation
