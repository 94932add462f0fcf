// How a conversion begins (rotation/conversion.h).
#include <algorithm>
#include <map>
#include <optional>
#include <pqxx/result>
#include <set>
#include <utility>

#include "crypto/status.h"
#include "kms/postgres/value.h"
#include "rotation/conversion.h"
#include "rotation/conversion_checks.h"
#include "rotation/conversion_step.h"
#include "rotation/in_step.h"
#include "rotation/registry_checks.h"
#include "rotation/registry_rows.h"

namespace fieldkms::rotation {
namespace {

std::vector<Column> ColumnsIn(Transaction& transaction, Oid relation) {
  const Oid oids[] = {relation};
  auto columns = ColumnsOf(transaction, oids);
  return std::move(columns[relation]);
}

const Column* ColumnNamed(const std::vector<Column>& columns, std::string_view name) {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const Column& column) { return column.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

bool IsJson(Shape shape) { return shape == Shape::kJson || shape == Shape::kJsonb; }

absl::Status CheckShape(const ProtectedColumn& column) {
  if (column.shape == Shape::kByteaArray || column.shape == Shape::kTextArray) {
    return InvalidField("shape", "is an array, which is not made of plaintext or the other way");
  }
  if (IsJson(column.shape) && column.source) {
    return InvalidField("source", "is not for documents: values are opened one by one");
  }
  if (IsJson(column.shape) && !column.field) {
    return InvalidField("field", "is needed for json: it says which members are protected");
  }
  return absl::OkStatus();
}

// Columns whose values a conversion of this one changes, with the members that name them.
std::vector<std::pair<std::string, std::string_view>> Changing(const ProtectedColumn& column) {
  std::vector<std::pair<std::string, std::string_view>> changing = {{column.column, "column"}};
  if (column.plain_column) changing.push_back({*column.plain_column, "plain_column"});
  if (column.index_column) changing.push_back({*column.index_column, "index_column"});
  if (column.version_column) changing.push_back({*column.version_column, "version_column"});
  return changing;
}

// Columns that it is bound to, and those that what it is made of needs.
std::vector<std::pair<std::string, std::string>> Sources(const ProtectedColumn& column) {
  std::vector<std::pair<std::string, std::string>> sources;
  for (size_t i = 0; i < column.key_columns.size(); ++i) {
    sources.push_back({column.key_columns[i], Indexed("key_columns", i)});
  }
  for (size_t i = 0; i < column.context_columns.size(); ++i) {
    sources.push_back({column.context_columns[i], Indexed("context_columns", i)});
  }
  for (size_t i = 0; i < column.source_columns.size(); ++i) {
    sources.push_back({column.source_columns[i], Indexed("source_columns", i)});
  }
  return sources;
}

absl::Status CheckOwnColumns(const ProtectedColumn& column) {
  std::set<std::string> names;
  for (const auto& [name, field] : Changing(column)) {
    if (!names.insert(name).second) return InvalidField(field, "is another of the columns, too");
  }
  for (const auto& [name, field] : Sources(column)) {
    if (names.contains(name)) return InvalidField(field, "is what is converted");
  }
  return absl::OkStatus();
}

// Two conversions, or a conversion and a context, must not change the same column.
absl::Status CheckOthers(Transaction& transaction, const ProtectedColumn& column) {
  for (const RegistryRow& row : ReadRegistry(transaction, "")) {
    const ProtectedColumn& other = row.column;
    if (row.orphan || other.relation != column.relation || other.binding_id == column.binding_id) {
      continue;
    }
    std::set<std::string> changing, all;
    for (const auto& [name, field] : Changing(other)) changing.insert(name);
    all = changing;
    for (const auto& [name, field] : Sources(other)) all.insert(name);
    for (const auto& [name, field] : Changing(column)) {
      if (all.contains(name)) {
        return InvalidField(field, "is part of another protected column, or of its context");
      }
    }
    for (const auto& [name, field] : Sources(column)) {
      if (changing.contains(name) && other.conversion != Conversion::kNone) {
        return InvalidField(field, "is being converted itself");
      }
    }
  }
  return absl::OkStatus();
}

// A column that the follower, or what goes with it, stands in.
struct Wanted {
  std::string name;
  std::string type;  // as it is added
  std::string_view made;
  std::string_view field;
};

// What the shape's columns are added as.
std::string TypeOf(Shape shape) {
  return shape == Shape::kFpe ? "text" : std::string(ShapeName(shape));
}

std::vector<Wanted> WantedFor(const ProtectedColumn& column) {
  std::vector<Wanted> wanted = {{column.column, TypeOf(column.shape), "column", "column"}};
  if (column.index_column) {
    wanted.push_back({*column.index_column, "bytea", "index", "index_column"});
  }
  if (column.version_column) {
    wanted.push_back({*column.version_column, "integer", "version", "version_column"});
  }
  return wanted;
}

// Adds those that are not there, and checks those that are.
absl::Status AddColumns(Transaction& transaction, const std::vector<Wanted>& wanted,
                        RegistryRow* row) {
  const std::vector<Oid> tree = TreeOf(transaction, row->column.relation);
  const std::vector<Column> columns = ColumnsIn(transaction, row->column.relation);
  row->made.clear();
  for (const Wanted& one : wanted) {
    if (ColumnNamed(columns, one.name) != nullptr) {
      FIELDKMS_RETURN_IF_ERROR(
          CheckColumn(transaction, tree, one.name, one.field, ColumnRole::kFollower));
      continue;
    }
    transaction.RunOnce("ALTER TABLE " + TableSql(row->column.table) + " ADD COLUMN " +
                        Quoted(one.name) + " " + one.type);
    row->made.emplace_back(one.made);
  }
  return absl::OkStatus();
}

absl::Status CheckSources(Transaction& transaction, Oids tree, const ProtectedColumn& column) {
  const std::vector<Column> columns = ColumnsIn(transaction, column.relation);
  for (const auto& [name, field] : Sources(column)) {
    if (ColumnNamed(columns, name) == nullptr) {
      return InvalidField(field, "is no column of the table");
    }
    FIELDKMS_RETURN_IF_ERROR(CheckColumn(transaction, tree, name, field, ColumnRole::kSource));
  }
  return absl::OkStatus();
}

// What is made of a document is one of the same type.
absl::Status CheckPlainType(const std::vector<Column>& columns, const ProtectedColumn& column) {
  const Column* const plain = ColumnNamed(columns, *column.plain_column);
  if (plain == nullptr) return InvalidField("plain_column", "is no column of the table");
  if (column.source && plain->shape != Shape::kBytea && plain->shape != Shape::kText) {
    return InvalidField("plain_column",
                        "is to hold what another tool has encrypted, and is neither "
                        "bytea nor text");
  }
  if (IsJson(column.shape) && plain->shape != column.shape) {
    return InvalidField("plain_column", "must be of the same type, json or jsonb, as the other");
  }
  return absl::OkStatus();
}

absl::Status CheckTypes(Transaction& transaction, const ProtectedColumn& column) {
  const std::vector<Column> columns = ColumnsIn(transaction, column.relation);
  FIELDKMS_RETURN_IF_ERROR(CheckPlainType(columns, column));
  if (!column.index_column) return absl::OkStatus();
  const Column* const index = ColumnNamed(columns, *column.index_column);
  if (index != nullptr && index->shape == Shape::kBytea) return absl::OkStatus();
  return InvalidField("index_column", "is no column of bytea");
}

// All that must be so, whatever the direction, once the table is locked and all columns are there.
absl::Status CheckConversion(Transaction& transaction, const ProtectedColumn& column) {
  const std::vector<Oid> tree = TreeOf(transaction, column.relation);
  FIELDKMS_RETURN_IF_ERROR(CheckOwnColumns(column));
  FIELDKMS_RETURN_IF_ERROR(CheckOthers(transaction, column));
  FIELDKMS_RETURN_IF_ERROR(CheckTypes(transaction, column));
  FIELDKMS_RETURN_IF_ERROR(CheckSources(transaction, tree, column));
  const std::string_view field = PlaintextLeads(column.conversion) ? "plain_column" : "column";
  return CheckColumn(transaction, tree, LeaderOf(column), field, ColumnRole::kLeader);
}

bool IsSameColumn(const ProtectedColumn& wanted, const ProtectedColumn& there) {
  return wanted.column == there.column && wanted.tenant == there.tenant &&
         wanted.key == there.key && wanted.field == there.field &&
         wanted.field_id == there.field_id && wanted.shape == there.shape &&
         wanted.key_columns == there.key_columns && wanted.context_names == there.context_names &&
         wanted.context_columns == there.context_columns &&
         wanted.index_column == there.index_column && wanted.index_key == there.index_key &&
         wanted.version_column == there.version_column &&
         (wanted.binding_id.empty() || wanted.binding_id == there.binding_id);
}

bool AsksForThis(const ProtectedColumn& wanted, const ProtectedColumn& there) {
  return IsSameColumn(wanted, there) && wanted.source == there.source &&
         wanted.source_key == there.source_key && wanted.source_columns == there.source_columns;
}

absl::Status IsConvertedOtherwise() {
  return Error(absl::StatusCode::kAlreadyExists, Reason::kDatabaseRefused,
               "the column is being converted already, in another way", "plain_column");
}

// The row that an earlier call has made, or that a column of ciphertexts has that was there before;
// none: there is none.
absl::StatusOr<std::optional<RegistryRow>> MadeBefore(Transaction& transaction,
                                                      const ProtectedColumn& wanted) {
  for (RegistryRow& row : ReadRegistry(transaction, "")) {
    const ProtectedColumn& there = row.column;
    if (row.orphan || there.relation != wanted.relation) continue;
    const bool registered = there.conversion == Conversion::kNone && IsSameColumn(wanted, there);
    if (registered) return std::move(row);
    if (there.plain_column != wanted.plain_column) continue;
    const bool protects =
        there.conversion == Conversion::kProtect || there.conversion == Conversion::kProtectClosed;
    if (!protects || !AsksForThis(wanted, there)) return IsConvertedOtherwise();
    return std::move(row);
  }
  return std::nullopt;
}

absl::Status FindTable(Transaction& transaction, ProtectedColumn* column) {
  column->relation = FindRelation(transaction, column->table);
  FIELDKMS_RETURN_IF_ERROR(CheckConvertible(transaction, column->relation));
  LockTable(transaction, column->table);
  if (FindRelation(transaction, column->table) == column->relation) return absl::OkStatus();
  return InvalidField("table", "is no table of the database any more");
}

absl::Status Protect(Transaction& transaction, RegistryRow* row) {
  ProtectedColumn& column = row->column;
  FIELDKMS_RETURN_IF_ERROR(FindTable(transaction, &column));
  FIELDKMS_ASSIGN_OR_RETURN(std::optional<RegistryRow> before, MadeBefore(transaction, column));
  const bool registered = before && before->column.conversion == Conversion::kNone;
  if (before && !registered) {
    *row = *std::move(before);
    return WriteInStep(transaction, *row);
  }
  if (registered) column.binding_id = before->column.binding_id;
  FIELDKMS_RETURN_IF_ERROR(CheckOwnColumns(column));
  FIELDKMS_RETURN_IF_ERROR(DrawBindingId(&column));
  FIELDKMS_RETURN_IF_ERROR(AddColumns(transaction, WantedFor(column), row));
  FIELDKMS_RETURN_IF_ERROR(CheckConversion(transaction, column));
  FIELDKMS_RETURN_IF_ERROR(PlaceColumns(transaction, row));
  RefreshRegistry(transaction);
  if (!registered && !InsertRow(transaction, *row)) {
    return Error(absl::StatusCode::kAlreadyExists, Reason::kDatabaseRefused,
                 "the column, or its binding id, is in the registry already", "column");
  }
  return WriteInStep(transaction, *row);
}

// A type goes into a statement as it is, so it must be nothing but one.
absl::Status CheckType(Database& database, const std::string& type) {
  const absl::Status is_none =
      InvalidField("type", "is no type of the database, such as text or numeric(10,2)");
  const bool plain = std::all_of(type.begin(), type.end(), [](unsigned char c) {
    return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z') ||
           std::string_view("_ .,()[]\"").find(char(c)) != std::string_view::npos;
  });
  if (!plain) return is_none;
  bool found = false;
  const absl::Status asked = database.Read([&](Transaction& transaction) {
    found = BoolOf(transaction.Run("SELECT to_regtype($1) IS NOT NULL", {type})[0][0]);
    return absl::OkStatus();
  });
  if (ReasonOf(asked) == Reason::kDatabaseRefused) return is_none;
  FIELDKMS_RETURN_IF_ERROR(asked);
  return found ? absl::OkStatus() : is_none;
}

absl::Status Unprotect(Transaction& transaction, const std::string& plain_column,
                       const std::string& type, RegistryRow* row) {
  ProtectedColumn& column = row->column;
  const bool before = (column.conversion == Conversion::kUnprotect ||
                       column.conversion == Conversion::kUnprotectClosed) &&
                      column.plain_column == plain_column;
  if (before) return WriteInStep(transaction, *row);
  if (column.conversion == Conversion::kRewriting) {
    return WrongStage(column, "fieldkms column drop-plaintext has to end first");
  }
  if (column.conversion != Conversion::kNone) return IsConvertedOtherwise();
  FIELDKMS_RETURN_IF_ERROR(CheckShape(column));
  FIELDKMS_RETURN_IF_ERROR(CheckConvertible(transaction, column.relation));
  for (const auto& [name, field] : Sources(column)) {
    if (name == plain_column) {
      return InvalidField("plain_column", "is what the ciphertexts are bound to");
    }
  }
  column.conversion = Conversion::kUnprotect;
  column.plain_column = plain_column;
  FIELDKMS_RETURN_IF_ERROR(CheckOwnColumns(column));
  const std::string added = !type.empty()          ? type
                            : IsJson(column.shape) ? TypeOf(column.shape)
                                                   : "text";
  FIELDKMS_RETURN_IF_ERROR(
      AddColumns(transaction, {{plain_column, added, "plain", "plain_column"}}, row));
  FIELDKMS_RETURN_IF_ERROR(CheckConversion(transaction, column));
  FIELDKMS_RETURN_IF_ERROR(PlaceColumns(transaction, row));
  return WriteInStep(transaction, *row);
}

}  // namespace

absl::StatusOr<ProtectedColumn> BeginProtect(Database& database, ProtectedColumn column,
                                             StepRun run) {
  column.conversion = Conversion::kProtect;
  RegistryRow row;
  row.column = std::move(column);
  FIELDKMS_RETURN_IF_ERROR(CheckMembers(row.column));
  FIELDKMS_RETURN_IF_ERROR(CheckShape(row.column));
  FIELDKMS_RETURN_IF_ERROR(
      WriteAs(run, database, [&](Transaction& transaction) { return Protect(transaction, &row); }));
  return std::move(row.column);
}

absl::StatusOr<ProtectedColumn> BeginUnprotect(Database& database, const TableName& table,
                                               std::string_view column,
                                               const std::string& plain_column,
                                               const std::string& type, StepRun run) {
  if (!type.empty()) FIELDKMS_RETURN_IF_ERROR(CheckType(database, type));
  const auto step = [&](Transaction& transaction, RegistryRow* row) {
    return Unprotect(transaction, plain_column, type, row);
  };
  return ChangeLocked(database, table, column, step, run);
}

}  // namespace fieldkms::rotation
