#include "kms/store/sqlite_operations.h"

#include <string>

#include "crypto/status.h"
#include "kms/store/sqlite_columns.h"

namespace fieldkms {
namespace {

std::string SelectOperations(std::string_view where) {
  return "SELECT operation_id, kind, tenant, state, cursor, done, total, error, create_time, "
         "update_time, owner, owner_until, change FROM operations " +
         std::string(where);
}

absl::StatusOr<OperationRecord> OperationOf(const SqliteStatement& row) {
  OperationRecord operation;
  operation.operation_id = row.ColumnBytes(0);
  FIELDKMS_ASSIGN_OR_RETURN(operation.kind, ToEnum<OperationKind>(row.ColumnInt(1)));
  operation.tenant = row.ColumnBytes(2);
  FIELDKMS_ASSIGN_OR_RETURN(operation.state, ToEnum<OperationState>(row.ColumnInt(3)));
  operation.cursor = row.ColumnBytes(4);
  operation.done = ToBits(row.ColumnInt(5));
  operation.total = ToBits(row.ColumnInt(6));
  operation.error = row.ColumnBytes(7);
  operation.create_time = ToTime(row.ColumnInt(8));
  operation.update_time = ToTime(row.ColumnInt(9));
  operation.owner = row.ColumnBytes(10);
  operation.owner_until = ToTime(row.ColumnInt(11));
  operation.change = ToBits(row.ColumnInt(12));
  return operation;
}

}  // namespace

absl::StatusOr<std::optional<OperationRecord>> ReadOperation(SqliteConnection& db,
                                                             std::string_view operation_id) {
  static const std::string sql = SelectOperations("WHERE operation_id = ?");
  SqliteStatement statement = db.Use(sql);
  return One(statement.Text(operation_id), OperationOf);
}

absl::StatusOr<std::vector<OperationRecord>> ReadOperations(SqliteConnection& db, bool running_only,
                                                            size_t limit) {
  // 1 is kRunning, in words that the index of running ones is found by.
  static_assert(static_cast<int>(OperationState::kRunning) == 1);
  static const std::string all =
      SelectOperations("ORDER BY create_time DESC, operation_id DESC LIMIT ?");
  static const std::string running =
      SelectOperations("WHERE state = 1 ORDER BY create_time DESC, operation_id DESC LIMIT ?");
  SqliteStatement statement = db.Use(running_only ? running : all);
  return All(statement.Int(FromBound(limit)), OperationOf);
}

absl::StatusOr<OperationRecord> WriteOperation(SqliteConnection& db,
                                               const OperationRecord& operation, uint64_t number) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto old, ReadOperation(db, operation.operation_id));
  if ((old ? old->change : 0) != operation.change) return EtagMismatch();
  OperationRecord written = operation;
  written.change = number;
  FIELDKMS_RETURN_IF_ERROR(
      db.Use("INSERT OR REPLACE INTO operations (operation_id, kind, tenant, state, cursor, done, "
             "total, error, create_time, update_time, owner, owner_until, change) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
          .Text(written.operation_id)
          .Int(static_cast<int64_t>(written.kind))
          .Text(written.tenant)
          .Int(static_cast<int64_t>(written.state))
          .Blob(written.cursor)
          .Int(FromBits(written.done))
          .Int(FromBits(written.total))
          .Text(written.error)
          .Int(FromTime(written.create_time))
          .Int(FromTime(written.update_time))
          .Text(written.owner)
          .Int(FromTime(written.owner_until))
          .Int(FromBits(written.change))
          .Run());
  return written;
}

}  // namespace fieldkms
