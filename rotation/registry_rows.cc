#include "rotation/registry_rows.h"

#include <algorithm>
#include <map>
#include <pqxx/result>
#include <string>

#include "kms/postgres/value.h"
#include "rotation/array_fields.h"

namespace fieldkms::rotation {
namespace {

constexpr std::string_view kRead = R"sql(
  SELECT p.binding_id, p.relation::oid, n.nspname, c.relname,
    p.relation::oid = p.relation_oid AS same, p.attribute, p.attribute_number, p.tenant,
    p.key_name, p.field_name, p.field_id, p.shape, p.key_attributes, p.key_numbers,
    p.context_names, p.context_attributes, p.context_numbers, p.index_attribute, p.index_number,
    p.version_attribute, p.version_number, p.plain_attribute, p.plain_number, p.index_key_name,
    p.conversion, p.made, p.source, p.source_key, p.source_attributes, p.source_numbers
  FROM kms.protected_columns p
    LEFT JOIN pg_class c ON c.oid = p.relation LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE $1::text IN ('', p.tenant) ORDER BY p.binding_id)sql";

constexpr std::string_view kInsert = R"sql(
  INSERT INTO kms.protected_columns (binding_id, relation, relation_oid, attribute,
    attribute_number, key_attributes, key_numbers, context_attributes, context_numbers,
    index_attribute, index_number, version_attribute, version_number, plain_attribute,
    plain_number, source, source_key, source_attributes, source_numbers, tenant, key_name,
    field_name, field_id, shape, context_names, index_key_name, conversion, made)
  VALUES ($1, $2::oid::regclass, $2::oid, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
    nullif($15, ''), $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, nullif($26, ''), $27)
  ON CONFLICT DO NOTHING RETURNING 1)sql";

constexpr std::string_view kUpdate = R"sql(
  UPDATE kms.protected_columns SET relation_oid = $2::oid, attribute = $3, attribute_number = $4,
    key_attributes = $5, key_numbers = $6, context_attributes = $7, context_numbers = $8,
    index_attribute = $9, index_number = $10, version_attribute = $11, version_number = $12,
    plain_attribute = $13, plain_number = $14, source = nullif($15, ''),
    source_key = $16,
    source_attributes = $17, source_numbers = $18, conversion = nullif($19, ''), made = $20
  WHERE binding_id = $1)sql";

template <class Value>
PostgresValue ListOf(const std::vector<Value>& values) {
  return ArrayOf(std::span<const Value>(values));
}

// The parameters that both statements begin with.
std::vector<PostgresValue> Places(const RegistryRow& row) {
  const ProtectedColumn& column = row.column;
  const std::string_view source = column.source ? SourceKindName(*column.source) : "";
  return {ByteaValue(column.binding_id),
          column.relation,
          column.column,
          row.number,
          ListOf(column.key_columns),
          ListOf(row.key_numbers),
          ListOf(column.context_columns),
          ListOf(row.context_numbers),
          column.index_column,
          row.index_number,
          column.version_column,
          row.version_number,
          column.plain_column,
          row.plain_number,
          source,
          column.source_key,
          ListOf(column.source_columns),
          ListOf(row.source_numbers)};
}

// Brings names and numbers of one row up to what the table has now.
class Resolver {
 public:
  // `same`: the table is the one that the numbers are of.
  Resolver(const std::vector<Column>& columns, bool same) : columns_(columns), same_(same) {}

  // False, with all as it was: there is no such column any more.
  bool Resolve(std::string* name, int16_t* number) {
    const Column* found =
        same_ ? Find([&](const Column& c) { return c.number == *number; }) : nullptr;
    if (found == nullptr) found = Find([&](const Column& c) { return c.name == *name; });
    if (found == nullptr) return false;
    stale_ |= found->name != *name || found->number != *number;
    *name = found->name;
    *number = found->number;
    return true;
  }
  void ResolveAll(std::vector<std::string>* names, std::vector<int16_t>* numbers) {
    if (names->size() != numbers->size()) RefuseRow();
    for (size_t i = 0; i < names->size(); ++i) Resolve(&(*names)[i], &(*numbers)[i]);
  }
  bool stale() const { return stale_ || !same_; }

 private:
  template <class Predicate>
  const Column* Find(const Predicate& fits) const {
    const auto found = std::find_if(columns_.begin(), columns_.end(), fits);
    return found == columns_.end() ? nullptr : &*found;
  }

  const std::vector<Column>& columns_;
  const bool same_;
  bool stale_ = false;
};

std::optional<std::string> TextIfAny(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return TextOf(field);
}

std::optional<int16_t> NumberIfAny(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return field.as<int16_t>();
}

void ReadSource(const pqxx::row& fields, RegistryRow* row) {
  ProtectedColumn& column = row->column;
  if (!fields[26].is_null()) {
    column.source = ParseSourceKind(TextOf(fields[26]));
    if (!column.source) RefuseRow();
  }
  column.source_key = TextIfAny(fields[27]);
  column.source_columns = TextsOf(fields[28]);
  row->source_numbers = NumbersOf(fields[29]);
}

RegistryRow RowOf(const pqxx::row& fields) {
  RegistryRow row;
  ProtectedColumn& column = row.column;
  column.binding_id = BytesOf(fields[0]);
  column.relation = fields[1].as<Oid>();
  row.orphan = fields[3].is_null();
  column.table = row.orphan ? TableName{"", std::to_string(column.relation)}
                            : TableName{TextOf(fields[2]), TextOf(fields[3])};
  column.column = TextOf(fields[5]);
  row.number = fields[6].as<int16_t>();
  column.tenant = TextOf(fields[7]);
  column.key = TextOf(fields[8]);
  column.field = TextIfAny(fields[9]);
  column.field_id = BytesOf(fields[10]);
  const absl::StatusOr<Shape> shape = ParseShape(TextOf(fields[11]));
  if (!shape.ok()) RefuseRow();
  column.shape = *shape;
  column.key_columns = TextsOf(fields[12]);
  row.key_numbers = NumbersOf(fields[13]);
  column.context_names = TextsOf(fields[14]);
  column.context_columns = TextsOf(fields[15]);
  row.context_numbers = NumbersOf(fields[16]);
  column.index_column = TextIfAny(fields[17]);
  row.index_number = NumberIfAny(fields[18]);
  column.version_column = TextIfAny(fields[19]);
  row.version_number = NumberIfAny(fields[20]);
  column.plain_column = TextIfAny(fields[21]);
  row.plain_number = NumberIfAny(fields[22]);
  column.index_key = TextIfAny(fields[23]);
  row.made = TextsOf(fields[25]);
  ReadSource(fields, &row);
  if (fields[24].is_null()) return row;
  const std::optional<Conversion> conversion = ParseConversion(TextOf(fields[24]));
  if (!conversion) RefuseRow();
  column.conversion = *conversion;
  return row;
}

void Resolve(const std::vector<Column>& columns, bool same, RegistryRow* row) {
  Resolver resolver(columns, same);
  ProtectedColumn& column = row->column;
  if (!resolver.Resolve(&column.column, &row->number)) {
    row->orphan = true;
    return;
  }
  resolver.ResolveAll(&column.key_columns, &row->key_numbers);
  resolver.ResolveAll(&column.context_columns, &row->context_numbers);
  resolver.ResolveAll(&column.source_columns, &row->source_numbers);
  const auto resolve_companion = [&](auto* name, auto* companion) {
    if (*name && *companion) resolver.Resolve(&**name, &**companion);
  };
  resolve_companion(&column.index_column, &row->index_number);
  resolve_companion(&column.version_column, &row->version_number);
  resolve_companion(&column.plain_column, &row->plain_number);
  row->stale = resolver.stale();
}

}  // namespace

std::vector<RegistryRow> ReadRegistry(Transaction& transaction, std::string_view tenant) {
  std::vector<RegistryRow> rows;
  std::vector<bool> same;
  std::vector<Oid> relations;
  for (const auto& fields : transaction.Run(kRead, {tenant})) {
    rows.push_back(RowOf(fields));
    same.push_back(BoolOf(fields[4]));
    relations.push_back(rows.back().column.relation);
  }
  auto columns = ColumnsOf(transaction, relations);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].orphan) Resolve(columns[relations[i]], same[i], &rows[i]);
  }
  return rows;
}

void UpdateRow(Transaction& transaction, const RegistryRow& row) {
  std::vector<PostgresValue> values = Places(row);
  values.insert(values.end(), {ConversionName(row.column.conversion), ListOf(row.made)});
  transaction.Run(kUpdate, values);
}

void RefreshRegistry(Transaction& transaction) {
  for (const RegistryRow& row : ReadRegistry(transaction, "")) {
    if (row.stale && !row.orphan) UpdateRow(transaction, row);
  }
}

bool InsertRow(Transaction& transaction, const RegistryRow& row) {
  const ProtectedColumn& column = row.column;
  std::vector<PostgresValue> values = Places(row);
  const PostgresValue field_id =
      column.field_id.empty() ? PostgresValue(std::nullopt) : ByteaValue(column.field_id);
  values.insert(values.end(),
                {column.tenant, column.key, column.field, field_id, ShapeName(column.shape),
                 ListOf(column.context_names), column.index_key, ConversionName(column.conversion),
                 ListOf(row.made)});
  return !transaction.Run(kInsert, values).empty();
}

}  // namespace fieldkms::rotation
