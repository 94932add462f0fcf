#include "rotation/registry_checks.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/context.h"
#include "crypto/names.h"
#include "crypto/random.h"
#include "crypto/status.h"

namespace fieldkms::rotation {
namespace {

// Entries that a row's context may have besides those of the registry: b, pk, f and jp.
constexpr std::array<std::string_view, 4> kOwnEntries = {"b", "pk", "f", "jp"};

// The context with these entries and our own must be one that envelopes can have.
absl::Status CheckContextNames(const std::vector<std::string>& names) {
  std::vector<ContextEntry> entries;
  for (const std::string_view own : kOwnEntries) entries.push_back({own, {}});
  for (size_t i = 0; i < names.size(); ++i) {
    entries.push_back({names[i], {}});
    std::vector<ContextEntry> sorted = entries;
    std::string canonical;
    if (!AppendContext(sorted, &canonical).ok()) {
      return InvalidField(Indexed("context_names", i),
                          "must be 1 to 64 bytes of [a-z0-9_.-], other than b, pk, f, jp and the "
                          "names before it, and at most the twelfth");
    }
  }
  return absl::OkStatus();
}

bool IsInteger(std::string_view type) {
  return type == "smallint" || type == "integer" || type == "bigint";
}

bool IsConverting(Conversion conversion) {
  return conversion != Conversion::kNone && conversion != Conversion::kRewriting;
}

absl::Status CheckSource(const ProtectedColumn& column) {
  const bool leaves = column.conversion == Conversion::kProtect ||
                      column.conversion == Conversion::kProtectClosed ||
                      column.conversion == Conversion::kProtected;
  if (column.source && !leaves) {
    return InvalidField("source", "is for what becomes a protected column, and not the other way");
  }
  if (column.source.has_value() != column.source_key.has_value()) {
    return InvalidField("source_key", "goes with a source, and is needed there");
  }
  if (!column.source && !column.source_columns.empty()) {
    return InvalidField("source_columns", "are for a source");
  }
  if (!column.source_key) return absl::OkStatus();
  return CheckKeyName(*column.source_key, "source_key");
}

// Companions of the column: which there may be, by its shape and by one another.
absl::Status CheckCompanions(const ProtectedColumn& column) {
  if (column.version_column.has_value() != (column.shape == Shape::kFpe)) {
    return InvalidField("version_column", "is for shape fpe, and needed there");
  }
  if (column.shape == Shape::kFpe && !column.field) {
    return InvalidField("field", "is needed for shape fpe: it says how texts are made");
  }
  if (column.plain_column.has_value() != IsConverting(column.conversion)) {
    return InvalidField("plain_column", "goes with a conversion");
  }
  FIELDKMS_RETURN_IF_ERROR(CheckSource(column));
  if (!column.index_key) return absl::OkStatus();
  if (!column.index_column) return InvalidField("index_key", "is for a column of blind indexes");
  return CheckKeyName(*column.index_key, "index_key");
}

// Fills in the numbers of the columns that `row` names.
class ColumnFinder {
 public:
  ColumnFinder(const std::vector<Column>& columns, RegistryRow* row)
      : columns_(columns), row_(*row) {}

  absl::Status FindAll() {
    ProtectedColumn& column = row_.column;
    FIELDKMS_ASSIGN_OR_RETURN(const Column found, Find(column.column, "column"));
    if (!Holds(found, column.shape)) {
      return InvalidField("shape", "is not what the type of the column can hold");
    }
    row_.number = found.number;
    FIELDKMS_RETURN_IF_ERROR(FindOthers(column.key_columns, "key_columns", &row_.key_numbers));
    FIELDKMS_RETURN_IF_ERROR(
        FindOthers(column.context_columns, "context_columns", &row_.context_numbers));
    FIELDKMS_RETURN_IF_ERROR(
        FindOthers(column.source_columns, "source_columns", &row_.source_numbers));
    FIELDKMS_RETURN_IF_ERROR(
        FindCompanion(column.index_column, "index_column", &row_.index_number));
    FIELDKMS_RETURN_IF_ERROR(
        FindCompanion(column.plain_column, "plain_column", &row_.plain_number));
    if (!column.version_column) return absl::OkStatus();
    FIELDKMS_ASSIGN_OR_RETURN(const Column version, Find(*column.version_column, "version_column"));
    if (!IsInteger(version.type)) return InvalidField("version_column", "is no integer column");
    return FindCompanion(column.version_column, "version_column", &row_.version_number);
  }

 private:
  absl::StatusOr<Column> Find(std::string_view name, std::string_view field) const {
    for (const Column& column : columns_) {
      if (column.name == name) return column;
    }
    return InvalidField(field, "is no column of the table");
  }
  absl::StatusOr<int16_t> FindOther(std::string_view name, std::string_view field) const {
    FIELDKMS_ASSIGN_OR_RETURN(const Column found, Find(name, field));
    if (found.number != row_.number) return found.number;
    return InvalidField(field, "must be another column than the protected one");
  }
  absl::Status FindCompanion(const std::optional<std::string>& name, std::string_view field,
                             std::optional<int16_t>* number) const {
    if (!name) return absl::OkStatus();
    FIELDKMS_ASSIGN_OR_RETURN(*number, FindOther(*name, field));
    return absl::OkStatus();
  }
  absl::Status FindOthers(const std::vector<std::string>& names, std::string_view field,
                          std::vector<int16_t>* numbers) const {
    numbers->clear();
    for (size_t i = 0; i < names.size(); ++i) {
      FIELDKMS_ASSIGN_OR_RETURN(const int16_t number, FindOther(names[i], Indexed(field, i)));
      if (std::count(numbers->begin(), numbers->end(), number) != 0) {
        return InvalidField(Indexed(field, i), "names a column twice");
      }
      numbers->push_back(number);
    }
    return absl::OkStatus();
  }

  const std::vector<Column>& columns_;
  RegistryRow& row_;
};

}  // namespace

std::string Indexed(std::string_view field, size_t i) {
  return std::string(field) + "[" + std::to_string(i) + "]";
}

bool Holds(const Column& column, Shape shape) {
  return column.shape == (shape == Shape::kFpe ? Shape::kText : shape);
}

absl::Status CheckMembers(const ProtectedColumn& column) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(column.tenant, "tenant"));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(column.key, "key"));
  if (!column.binding_id.empty() && column.binding_id.size() != kBindingIdSize) {
    return InvalidField("binding_id", "must be 16 bytes");
  }
  if (column.field) FIELDKMS_RETURN_IF_ERROR(CheckKeyName(*column.field, "field"));
  if (column.field_id.size() != (column.field ? kFieldIdSize : 0)) {
    return InvalidField("field_id", "must be 8 bytes with a field, and empty without one");
  }
  if (column.context_names.size() != column.context_columns.size()) {
    return InvalidField("context_columns", "must be as many as context_names");
  }
  FIELDKMS_RETURN_IF_ERROR(CheckCompanions(column));
  return CheckContextNames(column.context_names);
}

absl::Status DrawBindingId(ProtectedColumn* column) {
  if (!column->binding_id.empty()) return absl::OkStatus();
  column->binding_id.resize(kBindingIdSize);
  return RandomBytes(AsMutableBytes(column->binding_id));
}

absl::Status PlaceColumns(Transaction& transaction, RegistryRow* row) {
  ProtectedColumn& column = row->column;
  column.relation = FindRelation(transaction, column.table);
  const Oid oids[] = {column.relation};
  const auto relations = RelationsOf(transaction, oids);
  if (relations.empty() || relations.begin()->second.kind == RelationKind::kOther) {
    return InvalidField("table", "is no table of the database");
  }
  const auto columns = ColumnsOf(transaction, oids);
  const auto found = columns.find(column.relation);
  static const std::vector<Column> kNone;
  return ColumnFinder(found == columns.end() ? kNone : found->second, row).FindAll();
}

}  // namespace fieldkms::rotation
