// How a conversion ends, and how it is taken back (rotation/conversion.h): columns go.
#include <algorithm>
#include <pqxx/result>
#include <utility>

#include "crypto/status.h"
#include "kms/postgres/value.h"
#include "rotation/array_fields.h"
#include "rotation/conversion.h"
#include "rotation/conversion_checks.h"
#include "rotation/conversion_step.h"
#include "rotation/in_step.h"
#include "rotation/registry_rows.h"

namespace fieldkms::rotation {
namespace {

constexpr std::string_view kPending = R"sql(
  INSERT INTO kms.pending_rewrites (binding_id, relation_oid, file_node, tablespace)
  SELECT $1, oid, pg_relation_filenode(oid), reltablespace FROM pg_class
  WHERE oid = ANY($2::oid[])
  ON CONFLICT (binding_id, relation_oid)
    DO UPDATE SET file_node = EXCLUDED.file_node, tablespace = EXCLUDED.tablespace)sql";

// Leaves that are gone, and that something has rewritten.
constexpr std::string_view kForget = R"sql(
  DELETE FROM kms.pending_rewrites p WHERE p.binding_id = $1 AND NOT EXISTS (
    SELECT FROM pg_class c WHERE c.oid = p.relation_oid
      AND (pg_relation_filenode(c.oid) = p.file_node OR c.reltablespace <> p.tablespace)))sql";

constexpr std::string_view kReadPending = R"sql(
  SELECT p.relation_oid, n.nspname, c.relname, pg_relation_filenode(c.oid)
  FROM kms.pending_rewrites p
    JOIN pg_class c ON c.oid = p.relation_oid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE p.binding_id = $1 ORDER BY n.nspname, c.relname)sql";

constexpr std::string_view kPlace = R"sql(
  SELECT pg_current_wal_insert_lsn(), clock_timestamp(),
    (SELECT count(*) FROM pg_stat_replication))sql";

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Drops what the column has of triggers, and these columns.
absl::Status DropColumns(Transaction& transaction, const ProtectedColumn& column,
                         const std::vector<std::string>& names) {
  transaction.RunOnce(DropInStepSql(column));
  if (names.empty()) return absl::OkStatus();
  const std::vector<Oid> tree = TreeOf(transaction, column.relation);
  FIELDKMS_RETURN_IF_ERROR(CheckNothingDepends(transaction, tree, names));
  std::string sql = "ALTER TABLE " + TableSql(column.table);
  for (size_t i = 0; i < names.size(); ++i) {
    sql += (i == 0 ? " DROP COLUMN " : ", DROP COLUMN ") + Quoted(names[i]);
  }
  transaction.RunOnce(sql);
  return absl::OkStatus();
}

void DeleteRow(Transaction& transaction, const RegistryRow& row) {
  transaction.Run("DELETE FROM kms.protected_columns WHERE binding_id = $1",
                  {ByteaValue(row.column.binding_id)});
}

// Writes a row without plaintext.
void EndConversion(Transaction& transaction, Conversion conversion, RegistryRow* row) {
  row->column.plain_column = std::nullopt;
  row->plain_number = std::nullopt;
  row->column.source = std::nullopt;
  row->column.source_key = std::nullopt;
  row->column.source_columns.clear();
  row->source_numbers.clear();
  row->column.conversion = conversion;
  row->made.clear();
  UpdateRow(transaction, *row);
}

absl::Status RefuseLoss(uint64_t rows) {
  if (rows == 0) return absl::OkStatus();
  return DatabaseRefused(std::to_string(rows) +
                         " rows have a value only in what would be dropped: set it to NULL, or "
                         "write the other one");
}

// Rows that would lose their only value.
absl::Status CheckNoLoss(Database& database, const ProtectedColumn& column) {
  FIELDKMS_ASSIGN_OR_RETURN(
      const uint64_t rows,
      CountWithout(database, column.table, FollowerOf(column), LeaderOf(column)));
  return RefuseLoss(rows);
}

absl::Status ChangedMeanwhile() {
  return Error(absl::StatusCode::kAborted, Reason::kDatabaseBusy,
               "the application's database: somebody else was at the column: try again");
}

// Those of the columns that Begin has made.
std::vector<std::string> MadeColumns(const RegistryRow& row) {
  const ProtectedColumn& column = row.column;
  std::vector<std::string> names;
  if (Contains(row.made, "plain")) names.push_back(*column.plain_column);
  if (Contains(row.made, "column")) names.push_back(column.column);
  if (Contains(row.made, "index") && column.index_column) names.push_back(*column.index_column);
  if (Contains(row.made, "version") && column.version_column) {
    names.push_back(*column.version_column);
  }
  return names;
}

// The first half of DropPlaintext: the column goes, and what is left to do is written down.
absl::Status DropPlaintextColumn(Database& database, const ProtectedColumn& found, StepRun run) {
  FIELDKMS_RETURN_IF_ERROR(CheckNoLoss(database, found));
  const auto step = [&](Transaction& transaction, RegistryRow* row) -> absl::Status {
    if (row->column.conversion != Conversion::kProtected) return ChangedMeanwhile();
    const Oid roots[] = {row->column.relation};
    std::vector<Oid> leaves;
    for (const Leaf& leaf : LeavesOf(transaction, roots)) leaves.push_back(leaf.oid);
    transaction.Run(kPending, {ByteaValue(row->column.binding_id), ArrayOf(Oids(leaves))});
    FIELDKMS_RETURN_IF_ERROR(DropColumns(transaction, row->column, {*row->column.plain_column}));
    EndConversion(transaction, Conversion::kRewriting, row);
    return absl::OkStatus();
  };
  return ChangeLocked(database, found.table, found.column, step, run).status();
}

struct PendingLeaf {
  Oid oid = 0;
  TableName name;
  std::string file;  // the number of its file
};

absl::StatusOr<std::vector<PendingLeaf>> ReadPending(Database& database,
                                                     const ProtectedColumn& column) {
  std::vector<PendingLeaf> pending;
  FIELDKMS_RETURN_IF_ERROR(database.Write([&](Transaction& transaction) {
    transaction.Run(kForget, {ByteaValue(column.binding_id)});
    for (const auto& row : transaction.Run(kReadPending, {ByteaValue(column.binding_id)})) {
      pending.push_back({row[0].as<Oid>(), {TextOf(row[1]), TextOf(row[2])}, TextOf(row[3])});
    }
    return absl::OkStatus();
  }));
  return pending;
}

// VACUUM passes over what it may not do, with a warning: whether it has done it is seen by the
// file.
absl::Status Rewrite(Database& database, const ProtectedColumn& column, const PendingLeaf& leaf) {
  FIELDKMS_RETURN_IF_ERROR(database.RunAlone("VACUUM (FULL) " + TableSql(leaf.name), kWholeTable));
  return database.Write([&](Transaction& transaction) -> absl::Status {
    const pqxx::result done = transaction.Run(
        "DELETE FROM kms.pending_rewrites WHERE binding_id = $1 AND relation_oid = $2 "
        "AND pg_relation_filenode(relation_oid) IS DISTINCT FROM $3::oid RETURNING 1",
        {ByteaValue(column.binding_id), leaf.oid, leaf.file});
    if (!done.empty()) return absl::OkStatus();
    return DatabaseRefused(
        "VACUUM FULL has not rewritten a table: the role must own the table and its partitions");
  });
}

// Where nothing is left to rewrite, the conversion is over.
absl::StatusOr<ProtectedColumn> Finish(Database& database, const ProtectedColumn& column) {
  ProtectedColumn finished;
  FIELDKMS_RETURN_IF_ERROR(database.Write([&](Transaction& transaction) -> absl::Status {
    FIELDKMS_ASSIGN_OR_RETURN(RegistryRow row,
                              FindConverted(transaction, column.table, column.column));
    const bool pending = !transaction
                              .Run("SELECT FROM kms.pending_rewrites WHERE binding_id = $1",
                                   {ByteaValue(row.column.binding_id)})
                              .empty();
    if (!pending && row.column.conversion == Conversion::kRewriting) {
      EndConversion(transaction, Conversion::kNone, &row);
    }
    finished = std::move(row.column);
    return absl::OkStatus();
  }));
  return finished;
}

absl::Status ReadPlace(Database& database, DroppedPlaintext* dropped) {
  return database.Read([&](Transaction& transaction) {
    const pqxx::result place = transaction.Run(kPlace);
    dropped->wal_position = TextOf(place[0][0]);
    dropped->time = TextOf(place[0][1]);
    dropped->standbys = place[0][2].as<uint64_t>();
    dropped->slots = SlotsOf(transaction);
    return absl::OkStatus();
  });
}

// What would be rewritten: all leaves, or those that an earlier call has left.
absl::StatusOr<DroppedPlaintext> Rehearsed(Database& database, const ProtectedColumn& column) {
  DroppedPlaintext dropped;
  dropped.column = column;
  if (column.conversion == Conversion::kRewriting) {
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<PendingLeaf> pending,
                              ReadPending(database, column));
    for (const PendingLeaf& leaf : pending) dropped.pending.push_back(leaf.name);
  } else {
    FIELDKMS_RETURN_IF_ERROR(database.Read([&](Transaction& transaction) {
      const Oid roots[] = {column.relation};
      std::vector<Oid> leaves;
      for (const Leaf& leaf : LeavesOf(transaction, roots)) leaves.push_back(leaf.oid);
      for (const auto& [oid, leaf] : RelationsOf(transaction, leaves)) {
        dropped.pending.push_back(leaf.name);
      }
      return absl::OkStatus();
    }));
  }
  FIELDKMS_RETURN_IF_ERROR(ReadPlace(database, &dropped));
  return dropped;
}

}  // namespace

absl::Status AbandonConversion(Database& database, const TableName& table, std::string_view column,
                               StepRun run) {
  FIELDKMS_ASSIGN_OR_RETURN(const ProtectedColumn found, FindConverted(database, table, column));
  if (!IsFilling(found.conversion)) return WrongStage(found, "there is nothing to abandon");
  FIELDKMS_RETURN_IF_ERROR(CheckNoLoss(database, found));
  const auto step = [&](Transaction& transaction, RegistryRow* row) -> absl::Status {
    if (!IsFilling(row->column.conversion)) return ChangedMeanwhile();
    FIELDKMS_RETURN_IF_ERROR(DropColumns(transaction, row->column, MadeColumns(*row)));
    if (Contains(row->made, "column")) {
      DeleteRow(transaction, *row);
    } else {
      EndConversion(transaction, Conversion::kNone, row);
    }
    return absl::OkStatus();
  };
  return ChangeLocked(database, found.table, found.column, step, run).status();
}

absl::StatusOr<DroppedPlaintext> DropPlaintext(Database& database, const TableName& table,
                                               std::string_view column, bool rewrite, StepRun run) {
  FIELDKMS_ASSIGN_OR_RETURN(const ProtectedColumn found, FindConverted(database, table, column));
  if (found.conversion == Conversion::kProtected) {
    FIELDKMS_RETURN_IF_ERROR(DropPlaintextColumn(database, found, run));
  } else if (found.conversion != Conversion::kRewriting) {
    return WrongStage(found, "there is no plaintext to drop; fieldkms column switch comes first");
  }
  if (run == StepRun::kRehearse) return Rehearsed(database, found);
  DroppedPlaintext dropped;
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<PendingLeaf> pending, ReadPending(database, found));
  for (const PendingLeaf& leaf : pending) {
    if (rewrite) FIELDKMS_RETURN_IF_ERROR(Rewrite(database, found, leaf));
    (rewrite ? dropped.rewritten : dropped.pending).push_back(leaf.name);
  }
  FIELDKMS_ASSIGN_OR_RETURN(dropped.column, Finish(database, found));
  FIELDKMS_RETURN_IF_ERROR(ReadPlace(database, &dropped));
  return dropped;
}

absl::StatusOr<ProtectedColumn> DropCiphertext(Database& database, const TableName& table,
                                               std::string_view column, StepRun run) {
  FIELDKMS_ASSIGN_OR_RETURN(const ProtectedColumn found, FindConverted(database, table, column));
  if (found.conversion != Conversion::kUnprotected) {
    return WrongStage(found, "there is no ciphertext to drop; fieldkms column switch comes first");
  }
  FIELDKMS_RETURN_IF_ERROR(CheckNoLoss(database, found));
  const auto step = [&](Transaction& transaction, RegistryRow* row) -> absl::Status {
    if (row->column.conversion != Conversion::kUnprotected) return ChangedMeanwhile();
    std::vector<std::string> names = {row->column.column};
    if (row->column.index_column) names.push_back(*row->column.index_column);
    if (row->column.version_column) names.push_back(*row->column.version_column);
    FIELDKMS_RETURN_IF_ERROR(DropColumns(transaction, row->column, names));
    DeleteRow(transaction, *row);
    return absl::OkStatus();
  };
  return ChangeLocked(database, found.table, found.column, step, run);
}

}  // namespace fieldkms::rotation
