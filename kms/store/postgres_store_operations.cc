// Operations: the store's own list of long work.
#include "kms/postgres/value.h"
#include "kms/store/postgres_mutation.h"
#include "kms/store/postgres_records.h"
#include "kms/store/postgres_store_impl.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

const std::string& SelectOperation() {
  static const std::string sql =
      "SELECT operation_id, kind, tenant, state, \"cursor\", done, total, error, create_time, "
      "update_time, owner, owner_until, change FROM fieldkms_store.operations ";
  return sql;
}

OperationRecord OperationOf(const pqxx::row& row) {
  OperationRecord operation;
  operation.operation_id = TextOf(row[0]);
  operation.kind = EnumIn<OperationKind>(row[1]);
  operation.tenant = TextOf(row[2]);
  operation.state = EnumIn<OperationState>(row[3]);
  operation.cursor = BytesOf(row[4]);
  operation.done = row[5].as<uint64_t>();
  operation.total = row[6].as<uint64_t>();
  operation.error = TextOf(row[7]);
  operation.create_time = TimeOf(row[8]);
  operation.update_time = TimeOf(row[9]);
  operation.owner = TextOf(row[10]);
  operation.owner_until = TimeOf(row[11]);
  operation.change = row[12].as<uint64_t>();
  return operation;
}

std::optional<OperationRecord> ReadOperation(PostgresTransaction& db, std::string_view id) {
  static const std::string sql = SelectOperation() + "WHERE operation_id = $1";
  return RecordIfAny(db.Run(sql, {id}), OperationOf);
}

std::optional<OperationRecord> ReadBefore(PostgresTransaction& db, const OperationRecord& wanted) {
  return ReadOperation(db, wanted.operation_id);
}

OperationRecord UpsertOperation(PostgresTransaction& db, OperationRecord operation) {
  db.Run(
      "INSERT INTO fieldkms_store.operations (operation_id, kind, tenant, state, \"cursor\", done, "
      "total, error, create_time, update_time, owner, owner_until, change) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
      "ON CONFLICT (operation_id) DO UPDATE SET kind = excluded.kind, tenant = excluded.tenant, "
      "state = excluded.state, \"cursor\" = excluded.\"cursor\", done = excluded.done, "
      "total = excluded.total, error = excluded.error, create_time = excluded.create_time, "
      "update_time = excluded.update_time, owner = excluded.owner, "
      "owner_until = excluded.owner_until, change = excluded.change",
      {operation.operation_id, static_cast<int>(operation.kind), operation.tenant,
       static_cast<int>(operation.state), ByteaValue(operation.cursor), operation.done,
       operation.total, operation.error, operation.create_time, operation.update_time,
       operation.owner, operation.owner_until, operation.change});
  return operation;
}

bool IsSame(const OperationRecord& stored, const OperationRecord& wanted) {
  return stored.state == wanted.state && stored.cursor == wanted.cursor &&
         stored.done == wanted.done && stored.total == wanted.total &&
         stored.error == wanted.error && stored.update_time == wanted.update_time &&
         stored.owner == wanted.owner && stored.owner_until == wanted.owner_until;
}

constexpr NumberedRecords<OperationRecord> kOperations = {ReadBefore, UpsertOperation, IsSame};

}  // namespace

absl::StatusOr<OperationRecord> PostgresStore::PutOperation(const OperationRecord& operation,
                                                            Deadline deadline) {
  return Write<OperationRecord>("", deadline, [&](PostgresTransaction& db) {
    return PutNumbered(db, kOperations, operation);
  });
}

absl::StatusOr<OperationRecord> PostgresStore::GetOperation(std::string_view operation_id,
                                                            Deadline deadline) {
  return Read<OperationRecord>("", deadline,
                               [&](PostgresTransaction& db) -> absl::StatusOr<OperationRecord> {
                                 auto found = ReadOperation(db, operation_id);
                                 if (!found) return OperationNotFound();
                                 return *std::move(found);
                               });
}

absl::StatusOr<std::vector<OperationRecord>> PostgresStore::ListOperations(bool running_only,
                                                                           size_t limit,
                                                                           Deadline deadline) {
  using Operations = std::vector<OperationRecord>;
  return Read<Operations>("", deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Operations> {
    static const std::string sql =
        SelectOperation() +
        "WHERE state = 1 OR NOT $1 ORDER BY create_time DESC, operation_id DESC LIMIT $2";
    return RecordsOf(db.Run(sql, {running_only, LimitValue(limit)}), OperationOf);
  });
}

}  // namespace fieldkms
