#include "rotation/table_sql.h"

#include <functional>
#include <string_view>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "rotation/database.h"

namespace fieldkms::rotation {
namespace {

std::string Column(std::string_view name) { return "t." + Quoted(name); }

std::string Parameter(size_t number) { return "$" + std::to_string(number); }

std::string Joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += between;
    text += part;
  }
  return text;
}

std::string From(const TablePlan& plan) {
  return " FROM ONLY " + Quoted(plan.leaf.schema, plan.leaf.table) + " AS t";
}

std::vector<std::string> KeyColumns(const TablePlan& plan) {
  std::vector<std::string> columns;
  for (const PlainColumn& column : plan.scan_key) columns.push_back(Column(column.name));
  return columns;
}

// Of one column no row is made: indexes are found for both, but plans of rows say less.
std::string Row(const std::vector<std::string>& parts) {
  return parts.size() == 1 ? parts[0] : "(" + Joined(parts, ", ") + ")";
}

// The values of one end, cast from text, as a row; `next` is the number of its first parameter.
std::string KeyParameters(const TablePlan& plan, size_t* next) {
  std::vector<std::string> parameters;
  for (const PlainColumn& column : plan.scan_key) {
    parameters.push_back(Parameter((*next)++) + "::" + column.type);
  }
  return Row(parameters);
}

// A place at the begin of a page, whose number is a parameter.
std::string PlaceParameter(size_t* next) {
  return "('(' || " + Parameter((*next)++) + "::bigint::text || ',0)')::tid";
}

// The conditions of a range; `next` ends behind its parameters.
std::vector<std::string> RangeConditions(const TablePlan& plan, const Ends& ends, size_t* next) {
  std::vector<std::string> conditions;
  if (plan.order == ScanOrder::kPlace) {
    if (ends.lower) conditions.push_back("t.ctid >= " + PlaceParameter(next));
    if (ends.upper) conditions.push_back("t.ctid < " + PlaceParameter(next));
    return conditions;
  }
  const std::string key = Row(KeyColumns(plan));
  if (ends.lower) conditions.push_back(key + " > " + KeyParameters(plan, next));
  if (ends.upper) conditions.push_back(key + " <= " + KeyParameters(plan, next));
  return conditions;
}

std::string Where(std::vector<std::string> conditions, const std::string& condition) {
  if (!condition.empty()) conditions.push_back("(" + condition + ")");
  return conditions.empty() ? "" : " WHERE " + Joined(conditions, " AND ");
}

std::string Bytea(std::string_view bytes) {
  return "'\\x" + EncodeHex(AsBytes(bytes)) + "'::bytea";
}

std::string BigEndian(uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>((number >> shift) & 0xff);
  }
  return bytes;
}

// Whether `header`, of SQL that gives the bytes of an envelope's beginning, is of the target: the
// key id stands behind one byte of format, and the version behind it (crypto/FORMAT.md).
std::string IsCurrentSql(const std::string& header, const Target& target) {
  return "(substr(" + header + ", 2, 8) = " + Bytea(target.key_id) + " AND substr(" + header +
         ", 2, 12) >= " + Bytea(target.key_id + BigEndian(target.version)) + ")";
}

std::string IsOldEnvelopeSql(const CipherColumn& column, const Target& target) {
  const std::string name = Column(column.name);
  switch (column.shape) {
    case Shape::kBytea:
      return name + " IS NOT NULL AND NOT " + IsCurrentSql(name, target);
    case Shape::kText: {
      // 20 characters are 15 whole bytes; decode() knows the other alphabet of base64.
      const std::string begin =
          "decode(translate(substr(" + name + ", 5, 20), '-_', '+/'), 'base64')";
      return name + " IS NOT NULL AND NOT CASE WHEN " + name +
             " COLLATE \"C\" ~ '^fk1[.][A-Za-z0-9_-]{20}' THEN " + IsCurrentSql(begin, target) +
             " ELSE false END";
    }
    case Shape::kByteaArray:
    case Shape::kTextArray:
      return name + " IS NOT NULL";
    case Shape::kJson:
      // A document of others may spell an envelope with escapes.
      return name + "::text LIKE '%fk1.%' OR strpos(" + name + "::text, '\\u') > 0";
    case Shape::kJsonb:
      return name + "::text LIKE '%fk1.%'";
    case Shape::kFpe:
      return "false";
  }
  return "true";
}

// Blind indexes begin with the version of their key, in two bytes.
std::string IsOldIndexSql(const std::string& index, const Target& target) {
  return "substr(" + index + ", 1, 2) < " + Bytea(BigEndian(target.version).substr(2));
}

std::string ColumnNeedsWorkSql(const CipherColumn& column, Work work, const Target& target) {
  const std::string name = Column(column.name);
  const std::string companion = Column(column.companion.name);
  switch (work) {
    case Work::kReseal:
      return IsOldEnvelopeSql(column, target);
    case Work::kEncrypt:
      return companion + " IS NOT NULL AND " + name + " IS NULL";
    case Work::kDecrypt:
      return name + " IS NOT NULL AND " + companion + " IS NULL";
    case Work::kReindex:
      return name + " IS NOT NULL AND (" + companion + " IS NULL OR " +
             IsOldIndexSql(companion, target) + ")";
    case Work::kRetokenize:
      return name + " IS NOT NULL AND (" + companion + " IS NULL OR " + companion + " < " +
             std::to_string(target.version) + ")";
  }
  return "true";
}

// The value of a slot, as it is read and compared.
std::string ValueSql(const Slot& slot) { return Column(slot.name) + (slot.bytes ? "" : "::text"); }

// Whether the text `value` is still `read`. Texts are compared byte by byte, whatever the column's
// collation calls equal.
std::string SameTextSql(const std::string& value, const std::string& read) {
  return "(" + value + ") COLLATE \"C\" IS NOT DISTINCT FROM " + read;
}

std::string UnchangedSql(const Slot& slot, size_t i) {
  const std::string read = "d.read" + std::to_string(i);
  return slot.bytes ? Column(slot.name) + " IS NOT DISTINCT FROM " + read
                    : SameTextSql(ValueSql(slot), read);
}

std::string WrittenSql(const Slot& slot, size_t i) {
  return "d.new" + std::to_string(i) + "::" + std::string(slot.type);
}

// Whether a column has kept what was written to it, byte by byte: neither has a trigger changed it,
// nor has its type cut it off (character varying(n)), rounded it or spelled it otherwise. Only
// jsonb may spell.
std::string KeptSql(const Slot& slot, size_t i) {
  const std::string written = "d.new" + std::to_string(i);
  if (slot.bytes) return Column(slot.name) + " IS NOT DISTINCT FROM " + written;
  const bool jsonb = slot.type == "jsonb";
  return SameTextSql(ValueSql(slot), jsonb ? "(" + written + "::jsonb)::text" : written);
}

// A relation d of the parameters: what rows are found by, and what was read and is to be written.
std::string ParameterRowsSql(const TablePlan& plan) {
  std::vector<std::string> arrays;
  std::vector<std::string> names;
  const auto add = [&](std::string_view type, std::string name) {
    arrays.push_back(Parameter(arrays.size() + 1) + "::" + std::string(type) + "[]");
    names.push_back(std::move(name));
  };
  if (plan.scan_key.empty()) add("text", "place");
  for (size_t i = 0; i < plan.scan_key.size(); ++i) add("text", "key" + std::to_string(i));
  const std::vector<Slot> slots = SlotsOf(plan);
  for (size_t i = 0; i < slots.size(); ++i) {
    const std::string_view type = slots[i].bytes ? "bytea" : "text";
    add(type, "read" + std::to_string(i));
    if (slots[i].written) add(type, "new" + std::to_string(i));
  }
  for (size_t i = 0; i < BoundColumns(plan).size(); ++i) add("text", "bound" + std::to_string(i));
  return "unnest(" + Joined(arrays, ", ") + ") AS d(" + Joined(names, ", ") + ")";
}

// Whether a row of t is the one that d names, and as it was read.
std::string MatchSql(const TablePlan& plan) {
  std::vector<std::string> conditions;
  if (plan.scan_key.empty()) conditions.emplace_back("t.ctid = d.place::tid");
  for (size_t i = 0; i < plan.scan_key.size(); ++i) {
    conditions.push_back(Column(plan.scan_key[i].name) + " = d.key" + std::to_string(i) +
                         "::" + plan.scan_key[i].type);
  }
  const std::vector<Slot> slots = SlotsOf(plan);
  for (size_t i = 0; i < slots.size(); ++i) conditions.push_back(UnchangedSql(slots[i], i));
  const std::vector<PlainColumn> bound = BoundColumns(plan);
  for (size_t i = 0; i < bound.size(); ++i) {
    conditions.push_back(
        SameTextSql(Column(bound[i].name) + "::text", "d.bound" + std::to_string(i)));
  }
  return Joined(conditions, " AND ");
}

}  // namespace

std::string NeedsWorkSql(const TablePlan& plan, const Target& target) {
  std::vector<std::string> conditions;
  for (const CipherColumn& column : plan.columns) {
    conditions.push_back("(" + ColumnNeedsWorkSql(column, plan.work, target) + ")");
  }
  return Joined(conditions, " OR ");
}

std::string ColumnStateSql(const CipherColumn& column, Work work, const Target& target) {
  const std::string source = Column(work == Work::kEncrypt ? column.companion.name : column.name);
  return "CASE WHEN " + ColumnNeedsWorkSql(column, work, target) + " THEN true WHEN " + source +
         " IS NOT NULL THEN false END";
}

std::vector<PlainColumn> BoundColumns(const TablePlan& plan) {
  if (plan.work != Work::kEncrypt) return {};
  std::vector<PlainColumn> bound = plan.row_key;
  bound.insert(bound.end(), plan.context_columns.begin(), plan.context_columns.end());
  return bound;
}

std::string SelectListSql(const TablePlan& plan) {
  std::vector<std::string> list;
  const auto add_texts = [&](const std::vector<PlainColumn>& columns) {
    for (const PlainColumn& column : columns) list.push_back(Column(column.name) + "::text");
  };
  add_texts(plan.scan_key);
  if (plan.order == ScanOrder::kPlace) list.emplace_back("t.ctid::text");
  add_texts(plan.row_key);
  add_texts(plan.context_columns);
  for (const Slot& slot : SlotsOf(plan)) list.push_back(ValueSql(slot));
  return Joined(list, ", ");
}

std::string SelectRowsSql(const TablePlan& plan, const Ends& ends, const std::string& condition) {
  size_t next = 1;
  const std::string where = Where(RangeConditions(plan, ends, &next), condition);
  std::string sql = "SELECT " + SelectListSql(plan) + From(plan) + where;
  if (plan.order == ScanOrder::kKey) {
    sql += " ORDER BY " + Joined(KeyColumns(plan), ", ") + " LIMIT " + Parameter(next) + "::bigint";
  }
  return sql;
}

std::string BoundSql(const TablePlan& plan, const Ends& ends) {
  size_t next = 1;
  const std::string where = Where(RangeConditions(plan, ends, &next), "");
  std::vector<std::string> texts;
  for (const std::string& column : KeyColumns(plan)) texts.push_back(column + "::text");
  return "SELECT " + Joined(texts, ", ") + From(plan) + where + " ORDER BY " +
         Joined(KeyColumns(plan), ", ") + " OFFSET " + Parameter(next) + "::bigint LIMIT 1";
}

std::string LastKeySql(const TablePlan& plan) {
  if (plan.order == ScanOrder::kPlace) {
    return "SELECT (pg_relation_size(" + std::to_string(plan.relation) +
           "::oid::regclass) / current_setting('block_size')::bigint)::text";
  }
  std::vector<std::string> texts;
  std::vector<std::string> descending;
  for (const std::string& column : KeyColumns(plan)) {
    texts.push_back(column + "::text");
    descending.push_back(column + " DESC");
  }
  return "SELECT " + Joined(texts, ", ") + From(plan) + " ORDER BY " + Joined(descending, ", ") +
         " LIMIT 1";
}

std::string AnyDoneSql(const TablePlan& plan, const Target& target) {
  std::vector<std::string> filled;
  for (const CipherColumn& column : plan.columns)
    filled.push_back(Column(column.name) + " IS NOT NULL");
  return "SELECT EXISTS (SELECT" + From(plan) + " WHERE (" + Joined(filled, " OR ") + ") AND (" +
         NeedsWorkSql(plan, target) + ") IS NOT TRUE)";
}

std::string CountSql(const TablePlan& plan, const Ends& ends, const std::string& condition) {
  size_t next = 1;
  const std::string where = Where(RangeConditions(plan, ends, &next), "");
  return "SELECT count(*), count(*) FILTER (WHERE " + condition + ")" + From(plan) + where;
}

std::string UpdateRowsSql(const TablePlan& plan, bool pass_over_locked) {
  const std::string table = Quoted(plan.leaf.schema, plan.leaf.table);
  std::vector<std::string> sets;
  std::vector<std::string> kept;
  const std::vector<Slot> slots = SlotsOf(plan);
  for (size_t i = 0; i < slots.size(); ++i) {
    if (!slots[i].written) continue;
    const std::string written = WrittenSql(slots[i], i);
    sets.push_back(Quoted(slots[i].name) + " = " + written);
    kept.push_back(KeptSql(slots[i], i));
  }
  const std::string returning = " RETURNING (" + Joined(kept, " AND ") + ") AS kept";
  const std::string result = "SELECT count(*), coalesce(bool_and(w.kept), true) FROM w";
  if (!pass_over_locked) {
    return "WITH w AS (UPDATE ONLY " + table + " AS t SET " + Joined(sets, ", ") + " FROM " +
           ParameterRowsSql(plan) + " WHERE " + MatchSql(plan) + returning + ") " + result;
  }
  // What is locked here stays what it is to the end of the transaction, so its place does, too.
  return "WITH d AS MATERIALIZED (SELECT t.ctid AS locked, d.*" + From(plan) + ", " +
         ParameterRowsSql(plan) + " WHERE " + MatchSql(plan) +
         " FOR NO KEY UPDATE OF t SKIP LOCKED), w AS (UPDATE ONLY " + table + " AS t SET " +
         Joined(sets, ", ") + " FROM d WHERE t.ctid = d.locked" + returning + ") " + result;
}

}  // namespace fieldkms::rotation
