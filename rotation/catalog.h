// What the catalog of an application's database says of tables: one query for each question, over
// all of the tables that are asked about, since a partitioned one may have thousands. Names are as
// they are in the catalog, not quoted.
//
// All run within a transaction and throw what libpqxx throws (rotation/database.h). Tables that are
// gone are left out of answers.
#ifndef FIELDKMS_ROTATION_CATALOG_H_
#define FIELDKMS_ROTATION_CATALOG_H_

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rotation/database.h"
#include "rotation/table_plan.h"

namespace fieldkms::rotation {

using Oid = uint32_t;
using Oids = std::span<const Oid>;

// pg_class.relkind; all others are kOther.
enum class RelationKind : char {
  kTable = 'r',
  kPartitioned = 'p',
  kForeign = 'f',
  kView = 'v',
  kMaterializedView = 'm',
  kOther = '?',
};

// FindRelation returns what has this name; 0: nothing.
Oid FindRelation(Transaction& transaction, const TableName& name);

struct Leaf {
  Oid root = 0;
  Oid oid = 0;
};
// LeavesOf returns what holds the rows of each root: partitions of all levels, but not the
// partitioned tables themselves; the children of plain inheritance, and the root for the rows that
// are its own; otherwise the root. By roots, in the order given, and then by names.
std::vector<Leaf> LeavesOf(Transaction& transaction, Oids roots);

struct Relation {
  Oid oid = 0;
  TableName name;
  RelationKind kind = RelationKind::kOther;
  bool temporary = false;
  bool unlogged = false;
  // Of the current role: row security hides rows from it; it may use the schema; it may SELECT
  // all columns, and with them where a row lies.
  bool rows_hidden = false;
  bool may_use_schema = false;
  bool may_select = false;
  // As counted when the table was last analysed or vacuumed, when it had so many pages.
  std::optional<double> counted_rows;
  uint64_t counted_pages = 0;
  // Now: of the table by itself, and with what is stored outside its rows (TOAST).
  uint64_t heap_bytes = 0;
  uint64_t table_bytes = 0;
  int fillfactor = 100;
  bool autovacuum = true;
  // By which subscribers find a row; without it PostgreSQL refuses to update a published table.
  bool has_replica_identity = false;
};
std::map<Oid, Relation> RelationsOf(Transaction& transaction, Oids relations);

struct Column {
  int16_t number = 0;  // attnum
  std::string name;
  std::string type;            // format_type()
  std::optional<Shape> shape;  // of the type, or of what its domain is over; none: no ciphertexts
  bool not_null = false;
  bool generated = false;
  // Of the current role.
  bool may_select = false;
  bool may_update = false;
};
// In the order of their numbers.
std::map<Oid, std::vector<Column>> ColumnsOf(Transaction& transaction, Oids relations);

// UniqueKeysOf returns, best first, what tells the rows of a table apart and gives them an order
// that an index serves: the columns, by their numbers, of valid, immediate, whole, unique indexes
// of plain columns that are all NOT NULL, in the columns' own order and collation. The primary key
// is the first, then the one of the least bytes, as its types say.
std::map<Oid, std::vector<std::vector<int16_t>>> UniqueKeysOf(Transaction& transaction,
                                                              Oids relations);

struct ColumnPlace {
  Oid relation = 0;
  int16_t column = 0;
  friend auto operator<=>(const ColumnPlace&, const ColumnPlace&) = default;
};
// CorrelationsOf returns how far rows lie in the order of a column, -1 to 1 (pg_stats), for those
// columns of which the current role may know.
std::map<ColumnPlace, double> CorrelationsOf(Transaction& transaction,
                                             std::span<const ColumnPlace> columns);

struct ServerSettings {
  bool autovacuum = true;
  bool full_page_writes = true;
};
ServerSettings SettingsOf(Transaction& transaction);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_CATALOG_H_
