// What in a database takes part when a column is updated: triggers, rules, indexes, generated
// columns, foreign keys, and who is sent every change. As rotation/catalog.h: one query for each
// question, and they throw what libpqxx throws.
#ifndef FIELDKMS_ROTATION_CATALOG_HAZARDS_H_
#define FIELDKMS_ROTATION_CATALOG_HAZARDS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "rotation/catalog.h"
#include "rotation/database.h"

namespace fieldkms::rotation {

// One that fires in a session such as this one. What PostgreSQL makes for foreign keys and
// deferrable constraints is none.
struct UpdateTrigger {
  std::string name;
  std::string when;              // "BEFORE", "AFTER" or "INSTEAD OF"
  std::vector<int16_t> columns;  // UPDATE OF these; empty: of any
};
std::map<Oid, std::vector<UpdateTrigger>> UpdateTriggersOf(Transaction& transaction,
                                                           Oids relations);

// Names of rules that rewrite an UPDATE.
std::map<Oid, std::vector<std::string>> UpdateRulesOf(Transaction& transaction, Oids relations);

enum class DependentKind : char {
  kIndex = 'i',       // has the column
  kExpression = 'e',  // an index whose expressions or condition read the column
  kGenerated = 'g',   // a generated column that reads it
  kForeignKey = 'f',  // from it or to it
};
struct Dependent {
  DependentKind kind = DependentKind::kIndex;
  std::string name;
  friend auto operator<=>(const Dependent&, const Dependent&) = default;
};
// What takes part in an update of a column, of all columns of the relations, by name.
std::map<ColumnPlace, std::vector<Dependent>> DependentsOf(Transaction& transaction,
                                                           Oids relations);

// Names of publications that publish updates of a table. One that publishes partitions as their
// root is the root's.
std::map<Oid, std::vector<std::string>> PublicationsOf(Transaction& transaction, Oids relations);

// Names of replication slots that get what is written in this database.
struct ReplicationSlots {
  std::vector<std::string> logical;   // it is decoded for these
  std::vector<std::string> physical;  // write-ahead log is kept for these
};
ReplicationSlots SlotsOf(Transaction& transaction);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_CATALOG_HAZARDS_H_
