#include "rotation/catalog.h"

#include <algorithm>
#include <pqxx/result>
#include <string_view>

#include "kms/postgres/value.h"
#include "rotation/array_fields.h"

namespace fieldkms::rotation {
namespace {

constexpr std::string_view kFindRelation =
    "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = $1 AND c.relname = $2";

constexpr std::string_view kLeaves = R"sql(
  WITH RECURSIVE tree(place, root, oid) AS (
    SELECT place, root, root FROM unnest($1::oid[]) WITH ORDINALITY AS r(root, place)
    UNION
    SELECT t.place, t.root, i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid)
  SELECT t.root, t.oid FROM tree t
    JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind <> 'p' ORDER BY t.place, n.nspname, c.relname)sql";

// From version 14 on, reltuples is -1 where nobody has counted.
constexpr std::string_view kRelations = R"sql(
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, row_security_active(c.oid),
    has_schema_privilege(n.oid, 'USAGE'), has_table_privilege(c.oid, 'SELECT'),
    CASE WHEN c.reltuples > 0 OR (c.reltuples = 0 AND c.relpages > 0) THEN c.reltuples END,
    c.relpages, coalesce(pg_relation_size(c.oid), 0), coalesce(pg_table_size(c.oid), 0),
    coalesce((SELECT option_value::int FROM pg_options_to_table(c.reloptions)
              WHERE option_name = 'fillfactor'), 100),
    coalesce((SELECT option_value::bool FROM pg_options_to_table(c.reloptions)
              WHERE option_name = 'autovacuum_enabled'), true),
    c.relreplident = 'f' OR EXISTS (
      SELECT FROM pg_index i WHERE i.indrelid = c.oid AND CASE c.relreplident
        WHEN 'd' THEN i.indisprimary AND i.indimmediate WHEN 'i' THEN i.indisreplident END)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = ANY($1::oid[]))sql";

// What each type is at last: of a domain what it is over, of an array what its elements are.
constexpr std::string_view kColumns = R"sql(
  WITH RECURSIVE columns AS (
    SELECT attrelid, attnum, attname, atttypid, atttypmod, attnotnull, attgenerated <> '' AS made
    FROM pg_attribute WHERE attrelid = ANY($1::oid[]) AND attnum > 0 AND NOT attisdropped),
  steps(type, at, is_array) AS (
    SELECT DISTINCT atttypid, atttypid, false FROM columns
    UNION
    SELECT s.type, CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END,
      s.is_array OR t.typtype <> 'd'
    FROM steps s JOIN pg_type t ON t.oid = s.at
    WHERE t.typtype = 'd' OR (t.typcategory = 'A' AND t.typelem <> 0 AND NOT s.is_array)),
  ends AS (
    SELECT s.type, t.typname || CASE WHEN s.is_array THEN '[]' ELSE '' END AS name
    FROM steps s JOIN pg_type t ON t.oid = s.at
    WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype <> 'd'
      AND (s.is_array OR t.typcategory <> 'A' OR t.typelem = 0))
  SELECT c.attrelid, c.attnum, c.attname, format_type(c.atttypid, c.atttypmod), e.name,
    c.attnotnull, c.made, has_column_privilege(c.attrelid, c.attnum, 'SELECT'),
    has_column_privilege(c.attrelid, c.attnum, 'UPDATE')
  FROM columns c LEFT JOIN ends e ON e.type = c.atttypid ORDER BY c.attrelid, c.attnum)sql";

// Values of types without a length of their own count as 32 bytes.
constexpr std::string_view kUniqueKeys = R"sql(
  SELECT i.indrelid, array_agg(a.attnum ORDER BY k.n)
  FROM pg_index i CROSS JOIN LATERAL generate_series(0, i.indnkeyatts - 1) AS k(n)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.n]
    JOIN pg_opclass o ON o.oid = i.indclass[k.n]
  WHERE i.indrelid = ANY($1::oid[]) AND i.indisunique AND i.indisvalid AND i.indisready
    AND i.indislive AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
  GROUP BY i.indrelid, i.indexrelid, i.indisprimary
  HAVING bool_and(a.attnotnull AND o.opcdefault AND i.indcollation[k.n] = a.attcollation
                  AND (i.indoption[k.n] & 1) = (i.indoption[0] & 1))
  ORDER BY i.indrelid, i.indisprimary DESC,
    sum(CASE WHEN a.attlen > 0 THEN a.attlen ELSE 32 END), i.indexrelid)sql";

constexpr std::string_view kCorrelations = R"sql(
  SELECT a.attrelid, a.attnum, s.correlation
  FROM unnest($1::oid[], $2::int2[]) AS k(relation, number)
    JOIN pg_attribute a ON a.attrelid = k.relation AND a.attnum = k.number
    JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname
      AND s.attname = a.attname AND NOT s.inherited
  WHERE s.correlation IS NOT NULL)sql";

constexpr std::string_view kSettings =
    "SELECT current_setting('autovacuum')::bool, current_setting('full_page_writes')::bool";

Oid OidOf(const pqxx::field& field) { return field.as<Oid>(); }

RelationKind KindOf(const pqxx::field& field) {
  const std::string kind = TextOf(field);
  for (const RelationKind known :
       {RelationKind::kTable, RelationKind::kPartitioned, RelationKind::kForeign,
        RelationKind::kView, RelationKind::kMaterializedView}) {
    if (kind == std::string(1, static_cast<char>(known))) return known;
  }
  return RelationKind::kOther;
}

std::optional<Shape> ShapeOf(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  const std::string type = TextOf(field);
  if (type == "varchar") return Shape::kText;
  if (type == "varchar[]") return Shape::kTextArray;
  const absl::StatusOr<Shape> shape = ParseShape(type);
  return shape.ok() ? std::optional(*shape) : std::nullopt;
}

Relation RelationOf(const pqxx::row& row) {
  Relation relation;
  relation.oid = OidOf(row[0]);
  relation.name = {TextOf(row[1]), TextOf(row[2])};
  relation.kind = KindOf(row[3]);
  relation.temporary = TextOf(row[4]) == "t";
  relation.unlogged = TextOf(row[4]) == "u";
  relation.rows_hidden = BoolOf(row[5]);
  relation.may_use_schema = BoolOf(row[6]);
  relation.may_select = BoolOf(row[7]);
  if (!row[8].is_null()) relation.counted_rows = row[8].as<double>();
  relation.counted_pages = row[9].as<uint64_t>();
  relation.heap_bytes = row[10].as<uint64_t>();
  relation.table_bytes = row[11].as<uint64_t>();
  relation.fillfactor = row[12].as<int>();
  relation.autovacuum = BoolOf(row[13]);
  relation.has_replica_identity = BoolOf(row[14]);
  return relation;
}

Column ColumnOf(const pqxx::row& row) {
  Column column;
  column.number = row[1].as<int16_t>();
  column.name = TextOf(row[2]);
  column.type = TextOf(row[3]);
  column.shape = ShapeOf(row[4]);
  column.not_null = BoolOf(row[5]);
  column.generated = BoolOf(row[6]);
  column.may_select = BoolOf(row[7]);
  column.may_update = BoolOf(row[8]);
  return column;
}

}  // namespace

Oid FindRelation(Transaction& transaction, const TableName& name) {
  const pqxx::result rows = transaction.Run(kFindRelation, {name.schema, name.table});
  return rows.empty() ? 0 : OidOf(rows[0][0]);
}

std::vector<Leaf> LeavesOf(Transaction& transaction, Oids roots) {
  std::vector<Leaf> leaves;
  for (const auto& row : transaction.Run(kLeaves, {ArrayOf(roots)})) {
    leaves.push_back({OidOf(row[0]), OidOf(row[1])});
  }
  return leaves;
}

std::map<Oid, Relation> RelationsOf(Transaction& transaction, Oids relations) {
  std::map<Oid, Relation> found;
  for (const auto& row : transaction.Run(kRelations, {ArrayOf(relations)})) {
    found.emplace(OidOf(row[0]), RelationOf(row));
  }
  return found;
}

std::map<Oid, std::vector<Column>> ColumnsOf(Transaction& transaction, Oids relations) {
  std::map<Oid, std::vector<Column>> found;
  for (const auto& row : transaction.Run(kColumns, {ArrayOf(relations)})) {
    found[OidOf(row[0])].push_back(ColumnOf(row));
  }
  return found;
}

std::map<Oid, std::vector<std::vector<int16_t>>> UniqueKeysOf(Transaction& transaction,
                                                              Oids relations) {
  std::map<Oid, std::vector<std::vector<int16_t>>> found;
  for (const auto& row : transaction.Run(kUniqueKeys, {ArrayOf(relations)})) {
    found[OidOf(row[0])].push_back(NumbersOf(row[1]));
  }
  return found;
}

std::map<ColumnPlace, double> CorrelationsOf(Transaction& transaction,
                                             std::span<const ColumnPlace> columns) {
  std::vector<PostgresValue> relations, numbers;
  for (const ColumnPlace& column : columns) {
    relations.emplace_back(column.relation);
    numbers.emplace_back(column.column);
  }
  std::map<ColumnPlace, double> found;
  for (const auto& row :
       transaction.Run(kCorrelations, {ArrayValue(relations), ArrayValue(numbers)})) {
    found[{OidOf(row[0]), row[1].as<int16_t>()}] = row[2].as<double>();
  }
  return found;
}

ServerSettings SettingsOf(Transaction& transaction) {
  const pqxx::result rows = transaction.Run(kSettings);
  return {BoolOf(rows[0][0]), BoolOf(rows[0][1])};
}

}  // namespace fieldkms::rotation
