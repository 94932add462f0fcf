// What speaks against writing a leaf, or should be known before it is written. Internal to the
// planner (rotation/plan.h).
#ifndef FIELDKMS_ROTATION_PLAN_CHECKS_H_
#define FIELDKMS_ROTATION_PLAN_CHECKS_H_

#include <optional>
#include <span>

#include "rotation/plan_facts.h"
#include "rotation/plan_findings.h"
#include "rotation/plan_leaf.h"

namespace fieldkms::rotation {

// Each adds what it finds. The leaf's order must be set.
//
// SELECT_DENIED, UPDATE_DENIED, ROWS_HIDDEN. A leaf that cannot be read is no longer `readable`.
void CheckRights(LeafPlan* leaf, FindingList* findings);
// NO_UNIQUE_KEY, KEY_ORDER.
void CheckKey(const LeafPlan& leaf, std::optional<double> correlation, int server_version,
              FindingList* findings);
// UPDATE_TRIGGER, UPDATE_RULE.
void CheckTriggers(const LeafPlan& leaf, bool accept_triggers, FindingList* findings);
// INDEXED, EXPRESSION_INDEX, GENERATED_FROM, FOREIGN_KEY.
void CheckDependents(const LeafPlan& leaf, FindingList* findings);
// PUBLISHED, NO_REPLICA_IDENTITY.
void CheckReplication(const LeafPlan& leaf, FindingList* findings);
// AUTOVACUUM_OFF, FILLFACTOR, NEVER_ANALYSED.
void CheckUpkeep(const LeafPlan& leaf, const ServerSettings& settings, FindingList* findings);

// Of roots: KEY_COLUMNS_DIFFER; of leaves that two of them have: TABLE_TWICE.
void CheckRoots(std::span<const PlannedRoot> roots, const PlanFacts& facts, FindingList* findings);
// Of the database: LOGICAL_SLOT, PHYSICAL_SLOT.
void CheckSlots(const ReplicationSlots& slots, FindingList* findings);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_PLAN_CHECKS_H_
