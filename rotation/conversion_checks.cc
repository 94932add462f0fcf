#include "rotation/conversion_checks.h"

#include <pqxx/result>
#include <utility>

#include "crypto/status.h"
#include "kms/postgres/value.h"
#include "kms/printable.h"
#include "rotation/array_fields.h"
#include "rotation/catalog_hazards.h"
#include "rotation/in_step.h"

namespace fieldkms::rotation {
namespace {

constexpr std::string_view kTree = R"sql(
  WITH RECURSIVE tree(oid) AS (
    SELECT $1::oid
    UNION SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid)
  SELECT oid FROM tree)sql";

// What in a tree is no table with rows of its own, and whether the root is below another one.
constexpr std::string_view kOddRelations = R"sql(
  SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = $1),
    EXISTS (SELECT FROM pg_class WHERE oid = ANY($2::oid[]) AND relkind NOT IN ('r', 'p')))sql";

// Columns that the key of partitions is made of depend on their table, so that none is dropped.
constexpr std::string_view kColumn = R"sql(
  SELECT a.attgenerated <> '', a.attidentity <> '', a.atthasdef, a.attnotnull,
    EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary
              AND a.attnum = ANY(i.indkey::int2[])),
    EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisreplident
              AND a.attnum = ANY(i.indkey::int2[])),
    EXISTS (SELECT FROM pg_partitioned_table p WHERE p.partrelid = a.attrelid
              AND a.attnum = ANY(p.partattrs::int2[]))
      OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                   AND d.objid = a.attrelid AND d.objsubid = a.attnum
                   AND d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid
                   AND d.refobjsubid = 0 AND d.deptype = 'i'),
    t.composite, t.never_null
  FROM pg_attribute a CROSS JOIN LATERAL (
    WITH RECURSIVE types AS (
      SELECT typtype, typbasetype, typnotnull FROM pg_type WHERE oid = a.atttypid
      UNION ALL
      SELECT b.typtype, b.typbasetype, b.typnotnull
      FROM types JOIN pg_type b ON types.typtype = 'd' AND b.oid = types.typbasetype)
    SELECT bool_or(typtype = 'c') AS composite,
      bool_or(typtype = 'd' AND typnotnull) AS never_null FROM types) AS t
  WHERE a.attrelid = ANY($1::oid[]) AND a.attname = $2 AND NOT a.attisdropped)sql";

constexpr std::string_view kNotNull =
    "SELECT count(*) FROM pg_attribute WHERE attrelid = ANY($1::oid[]) AND attname = $2 "
    "AND NOT attisdropped AND attnotnull";

// Bits of tgtype: 1 ROW, 2 BEFORE, 4 INSERT, 16 UPDATE.
constexpr std::string_view kLaterTriggers = R"sql(
  SELECT t.tgname FROM pg_trigger t
  WHERE t.tgrelid = ANY($1::oid[]) AND NOT t.tgisinternal
    AND t.tgtype & 3 = 3 AND t.tgtype & 20 <> 0
    AND t.tgname::text COLLATE "C" > $2 AND NOT starts_with(t.tgname::text, $3)
  ORDER BY t.tgname LIMIT 1)sql";

constexpr std::string_view kTriggersInForce = R"sql(
  SELECT count(*) FROM pg_trigger t
  WHERE t.tgrelid = ANY($1::oid[]) AND starts_with(t.tgname::text, $2) AND t.tgenabled = 'A')sql";

// Of a view it is the rule that depends.
constexpr std::string_view kDependents = R"sql(
  SELECT coalesce(pg_describe_object('pg_class'::regclass, r.ev_class, 0),
                  pg_describe_object(d.classid, d.objid, d.objsubid))
  FROM pg_depend d
    LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY($1::oid[])
    AND a.attname = ANY($2::name[]) AND d.deptype = 'n'
  ORDER BY 1 LIMIT 1)sql";

// What a column is, in any table of a tree.
struct Facts {
  bool generated = false;
  bool identity = false;
  bool has_default = false;
  bool not_null = false;
  bool in_primary_key = false;
  bool in_replica_identity = false;
  bool in_partition_key = false;
  bool composite = false;
  bool never_null = false;
};

Facts FactsOf(Transaction& transaction, Oids tree, const std::string& column) {
  Facts facts;
  for (const auto& row : transaction.Run(kColumn, {ArrayOf(tree), column})) {
    facts.generated |= BoolOf(row[0]);
    facts.identity |= BoolOf(row[1]);
    facts.has_default |= BoolOf(row[2]);
    facts.not_null |= BoolOf(row[3]);
    facts.in_primary_key |= BoolOf(row[4]);
    facts.in_replica_identity |= BoolOf(row[5]);
    facts.in_partition_key |= BoolOf(row[6]);
    facts.composite |= BoolOf(row[7]);
    facts.never_null |= BoolOf(row[8]);
  }
  return facts;
}

// "" where there is nothing to say against it.
std::string_view Against(const Facts& facts, ColumnRole role) {
  if (facts.generated) return "is generated: a trigger sees no value of it";
  if (role == ColumnRole::kSource) return "";
  if (facts.identity) return "is an identity: drop that first";
  if (facts.in_primary_key) return "is part of the primary key: have another one first";
  if (facts.in_replica_identity) return "is part of the replica identity: choose another one first";
  if (facts.in_partition_key) return "is part of the partition key, which cannot be changed";
  if (facts.composite) return "is of a composite type: make a column of its own of each value";
  if (facts.never_null) return "has a type that is never NULL: alter it to what the domain is over";
  if (role == ColumnRole::kLeader) return "";
  if (facts.not_null) return "is NOT NULL, and must take NULL: drop that first";
  if (facts.has_default) return "has a default, which is no value of the other column: drop it";
  return "";
}

std::string Named(std::string_view what, const std::string& name, std::string_view advice) {
  return std::string(what) + " " + Printable(name) + std::string(advice);
}

// Foreign keys, and generated columns that read it.
absl::Status CheckDependents(Transaction& transaction, Oids tree, const std::string& column,
                             std::string_view field) {
  const auto columns = ColumnsOf(transaction, tree);
  const auto dependents = DependentsOf(transaction, tree);
  for (const auto& [relation, listed] : columns) {
    for (const Column& found : listed) {
      if (found.name != column) continue;
      const auto of_column = dependents.find({relation, found.number});
      if (of_column == dependents.end()) continue;
      for (const Dependent& dependent : of_column->second) {
        if (dependent.kind == DependentKind::kForeignKey) {
          return InvalidField(
              field, Named("is part of the foreign key", dependent.name, ": drop that first"));
        }
        if (dependent.kind == DependentKind::kGenerated) {
          return InvalidField(field, Named("is read by the generated column", dependent.name,
                                           ", which would keep what is in it: drop that first"));
        }
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Oid> TreeOf(Transaction& transaction, Oid root) {
  std::vector<Oid> tree;
  for (const auto& row : transaction.Run(kTree, {root})) tree.push_back(row[0].as<Oid>());
  return tree;
}

absl::Status CheckConvertible(Transaction& transaction, Oid relation) {
  const Oid oids[] = {relation};
  const auto relations = RelationsOf(transaction, oids);
  if (relations.empty()) return InvalidField("table", "is no table of the database");
  const Relation& found = relations.begin()->second;
  if (found.kind != RelationKind::kTable && found.kind != RelationKind::kPartitioned) {
    return InvalidField("table", "is no table with rows of its own: name the one below it");
  }
  if (found.temporary) return InvalidField("table", "is temporary");
  const std::vector<Oid> tree = TreeOf(transaction, relation);
  const pqxx::result odd = transaction.Run(kOddRelations, {relation, ArrayOf(Oids(tree))});
  if (BoolOf(odd[0][0])) {
    return InvalidField("table", "is a partition or a child of another table: name that one");
  }
  if (BoolOf(odd[0][1])) {
    return InvalidField("table", "has partitions that are foreign tables: detach them first");
  }
  if (found.kind == RelationKind::kTable && tree.size() > 1) {
    return InvalidField("table",
                        "has children by inheritance, which do not inherit triggers: make "
                        "partitions of them, or convert them one by one without their parent");
  }
  return absl::OkStatus();
}

absl::Status CheckColumn(Transaction& transaction, Oids tree, const std::string& column,
                         std::string_view field, ColumnRole role) {
  const std::string_view against = Against(FactsOf(transaction, tree, column), role);
  if (!against.empty()) return InvalidField(field, against);
  if (role == ColumnRole::kSource) return absl::OkStatus();
  return CheckDependents(transaction, tree, column, field);
}

bool IsNotNull(Transaction& transaction, Oids tree, const std::string& column) {
  return transaction.Run(kNotNull, {ArrayOf(tree), column})[0][0].as<uint64_t>() > 0;
}

absl::Status CheckTriggerOrder(Transaction& transaction, Oids tree, const ProtectedColumn& column) {
  const pqxx::result later =
      transaction.Run(kLaterTriggers, {ArrayOf(tree), InStepPrefix(column), kInStepPrefix});
  if (later.empty()) return absl::OkStatus();
  return InvalidField("table", Named("has the BEFORE trigger", TextOf(later[0][0]),
                                     ", which would change rows after they were brought in step: "
                                     "give it a name that sorts before ~"));
}

absl::Status CheckTriggersInForce(Transaction& transaction, Oids leaves,
                                  const ProtectedColumn& column) {
  const pqxx::result found =
      transaction.Run(kTriggersInForce, {ArrayOf(leaves), InStepPrefix(column)});
  const uint64_t expected = InStepTriggers(column) * leaves.size();
  if (found[0][0].as<uint64_t>() == expected) return absl::OkStatus();
  return DatabaseRefused(
      "triggers of the column were dropped or disabled, so rows may have come in without them: "
      "repeat fieldkms column close, and fill what is missing");
}

absl::Status CheckNothingDepends(Transaction& transaction, Oids tree,
                                 const std::vector<std::string>& columns) {
  const pqxx::result found =
      transaction.Run(kDependents, {ArrayOf(tree), ArrayOf(std::span<const std::string>(columns))});
  if (found.empty()) return absl::OkStatus();
  return DatabaseRefused(Named("on what would be dropped depends", TextOf(found[0][0]),
                               ": drop or change that first"));
}

}  // namespace fieldkms::rotation
