#include "rotation/catalog_hazards.h"

#include <algorithm>
#include <pqxx/result>
#include <string_view>

#include "kms/postgres/value.h"
#include "rotation/array_fields.h"

namespace fieldkms::rotation {
namespace {

// Bits of tgtype (src/include/catalog/pg_trigger.h): 2 BEFORE, 16 UPDATE, 64 INSTEAD. Partitions
// have triggers of their root as their own. Up to version 14 these count as internal, so it is
// asked what made one.
constexpr std::string_view kTriggers = R"sql(
  SELECT t.tgrelid, t.tgname,
    CASE WHEN t.tgtype & 2 <> 0 THEN 'BEFORE' WHEN t.tgtype & 64 <> 0 THEN 'INSTEAD OF'
      ELSE 'AFTER' END,
    t.tgattr::int2[]
  FROM pg_trigger t LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint
  WHERE t.tgrelid = ANY($1::oid[]) AND t.tgtype & 16 <> 0 AND (k.oid IS NULL OR k.contype = 't')
    AND t.tgenabled IN ('A', CASE current_setting('session_replication_role')
                               WHEN 'replica' THEN 'R' ELSE 'O' END)
  ORDER BY t.tgrelid, t.tgname)sql";

constexpr std::string_view kRules =
    "SELECT ev_class, rulename FROM pg_rewrite "
    "WHERE ev_class = ANY($1::oid[]) AND ev_type = '2' AND ev_enabled <> 'D' "
    "ORDER BY ev_class, rulename";

// Of a generated column, it is the column that depends on what it reads up to version 14, and its
// default from 15 on.
constexpr std::string_view kDependents = R"sql(
  WITH indexes AS (
    SELECT i.indrelid, i.indexrelid, i.indkey::int2[] AS columns, c.relname
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = ANY($1::oid[]) AND i.indislive)
  SELECT i.indrelid, k.number, 'i', i.relname
  FROM indexes i CROSS JOIN LATERAL unnest(i.columns) AS k(number) WHERE k.number > 0
  UNION
  SELECT i.indrelid, d.refobjsubid, 'e', i.relname
  FROM indexes i JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
    AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid
  WHERE d.refobjsubid > 0 AND d.refobjsubid <> ALL(i.columns)
  UNION
  SELECT a.attrelid, d.refobjsubid, 'g', a.attname
  FROM pg_attribute a JOIN pg_attrdef v ON v.adrelid = a.attrelid AND v.adnum = a.attnum
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid
      AND CASE d.classid WHEN 'pg_attrdef'::regclass THEN d.objid = v.oid
            WHEN 'pg_class'::regclass THEN d.objid = a.attrelid AND d.objsubid = a.attnum END
  WHERE a.attrelid = ANY($1::oid[]) AND a.attgenerated <> '' AND NOT a.attisdropped
    AND d.refobjsubid > 0 AND d.refobjsubid <> a.attnum
  UNION
  SELECT f.relation, k.number, 'f', f.conname
  FROM (SELECT conname, conrelid AS relation, conkey AS columns FROM pg_constraint
          WHERE contype = 'f' AND conrelid = ANY($1::oid[])
        UNION ALL
        SELECT conname, confrelid, confkey FROM pg_constraint
          WHERE contype = 'f' AND confrelid = ANY($1::oid[])) AS f
    CROSS JOIN LATERAL unnest(f.columns) AS k(number)
  ORDER BY 1, 2, 3, 4)sql";

constexpr std::string_view kPublications = R"sql(
  SELECT DISTINCT c.oid, p.pubname
  FROM pg_publication p JOIN pg_publication_tables t ON t.pubname = p.pubname
    JOIN pg_namespace n ON n.nspname = t.schemaname
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
  WHERE p.pubupdate AND c.oid = ANY($1::oid[]) ORDER BY c.oid, p.pubname)sql";

constexpr std::string_view kSlots =
    "SELECT slot_name, slot_type FROM pg_replication_slots "
    "WHERE slot_type = 'physical' OR database = current_database() ORDER BY slot_name";

std::map<Oid, std::vector<std::string>> NamesBy(const pqxx::result& rows) {
  std::map<Oid, std::vector<std::string>> names;
  for (const auto& row : rows) names[row[0].as<Oid>()].push_back(TextOf(row[1]));
  return names;
}

}  // namespace

std::map<Oid, std::vector<UpdateTrigger>> UpdateTriggersOf(Transaction& transaction,
                                                           Oids relations) {
  std::map<Oid, std::vector<UpdateTrigger>> triggers;
  for (const auto& row : transaction.Run(kTriggers, {ArrayOf(relations)})) {
    triggers[row[0].as<Oid>()].push_back({TextOf(row[1]), TextOf(row[2]), NumbersOf(row[3])});
  }
  return triggers;
}

std::map<Oid, std::vector<std::string>> UpdateRulesOf(Transaction& transaction, Oids relations) {
  return NamesBy(transaction.Run(kRules, {ArrayOf(relations)}));
}

std::map<ColumnPlace, std::vector<Dependent>> DependentsOf(Transaction& transaction,
                                                           Oids relations) {
  std::map<ColumnPlace, std::vector<Dependent>> dependents;
  for (const auto& row : transaction.Run(kDependents, {ArrayOf(relations)})) {
    const auto kind = static_cast<DependentKind>(TextOf(row[2])[0]);
    dependents[{row[0].as<Oid>(), row[1].as<int16_t>()}].push_back({kind, TextOf(row[3])});
  }
  return dependents;
}

std::map<Oid, std::vector<std::string>> PublicationsOf(Transaction& transaction, Oids relations) {
  return NamesBy(transaction.Run(kPublications, {ArrayOf(relations)}));
}

ReplicationSlots SlotsOf(Transaction& transaction) {
  ReplicationSlots slots;
  for (const auto& row : transaction.Run(kSlots)) {
    (TextOf(row[1]) == "logical" ? slots.logical : slots.physical).push_back(TextOf(row[0]));
  }
  return slots;
}

}  // namespace fieldkms::rotation
