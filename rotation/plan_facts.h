// What a plan is made of: the tables of a job, and what the catalog says of each. Internal to the
// planner (rotation/plan.h).
#ifndef FIELDKMS_ROTATION_PLAN_FACTS_H_
#define FIELDKMS_ROTATION_PLAN_FACTS_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rotation/catalog.h"
#include "rotation/catalog_hazards.h"
#include "rotation/database.h"
#include "rotation/registry.h"

namespace fieldkms::rotation {

// A table of the registry, and its columns that the job is about.
struct PlannedRoot {
  Oid oid = 0;
  TableName name;
  std::vector<ProtectedColumn> columns;
};

struct LeafFacts {
  size_t root = 0;  // which of the roots
  Relation relation;
  std::vector<Column> columns;
  std::vector<std::vector<int16_t>> keys;  // as UniqueKeysOf
  std::vector<UpdateTrigger> triggers;
  std::vector<std::string> rules;
  std::map<int16_t, std::vector<Dependent>> dependents;  // by the number of the column
  std::vector<std::string> publications;                 // of it, and of its root
};
// Null where there is none.
const Column* FindColumn(const LeafFacts& leaf, std::string_view name);

struct PlanFacts {
  std::vector<LeafFacts> leaves;  // in the order of roots, and then by names
  ReplicationSlots slots;
  ServerSettings settings;
};
// Throws what libpqxx throws.
PlanFacts GatherFacts(Transaction& transaction, std::span<const PlannedRoot> roots);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_PLAN_FACTS_H_
