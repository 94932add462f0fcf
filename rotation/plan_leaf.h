// The plan of one leaf, made of what the registry and the catalog say. Internal to the planner
// (rotation/plan.h).
#ifndef FIELDKMS_ROTATION_PLAN_LEAF_H_
#define FIELDKMS_ROTATION_PLAN_LEAF_H_

#include <optional>
#include <string>
#include <string_view>

#include "rotation/catalog.h"
#include "rotation/plan_facts.h"
#include "rotation/plan_findings.h"
#include "rotation/table_plan.h"

namespace fieldkms::rotation {

struct LeafPlan {
  const PlannedRoot* root = nullptr;
  const LeafFacts* facts = nullptr;
  TablePlan plan;
  // All of its columns are there and hold what the registry says, and may be read: it can be
  // sampled.
  bool readable = true;
};

FindingPlace PlaceOf(const LeafPlan& leaf, std::string column = "");

// PlanLeaf makes the plan of a leaf, but for its order and its rows, and finds what of it cannot
// be: VIEW, FOREIGN_TABLE, TEMPORARY_TABLE, TYPE_MISMATCH, GENERATED_COLUMN, KEY_COLUMN_GONE,
// CONTEXT_COLUMN_GONE, COMPANION_GONE, COMPANION_SHARED, UNFIT_FOR_WORK, LEAVING. Nothing for what
// has no rows that a worker could write, or none of the columns. `root` and `facts` must outlive
// it.
std::optional<LeafPlan> PlanLeaf(const PlannedRoot& root, const LeafFacts& facts, Work work,
                                 FindingList* findings);

// The first column of the leaf's scan_key; nothing without a key.
std::optional<ColumnPlace> LeadingColumn(const LeafPlan& leaf);

// Rows are read by their key, unless that says less than this about where they lie.
inline constexpr double kLeastCorrelation = 0.5;
// The first version that finds rows in a range of pages without reading the whole table.
inline constexpr int kReadsByPlace = 140000;
ScanOrder OrderOf(bool has_key, std::optional<double> correlation, int server_version);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_PLAN_LEAF_H_
