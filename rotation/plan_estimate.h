// Estimates of what a job writes, as ranges. Internal to the planner (rotation/plan.h). Pure
// functions.
#ifndef FIELDKMS_ROTATION_PLAN_ESTIMATE_H_
#define FIELDKMS_ROTATION_PLAN_ESTIMATE_H_

#include "rotation/catalog.h"
#include "rotation/plan.h"
#include "rotation/plan_leaf.h"
#include "rotation/plan_sample.h"

namespace fieldkms::rotation {

struct TableRows {
  double middle = 0;
  Range range;
};
// EstimateRows says how many rows a table has, by what was counted and how it has grown since; by
// its size alone where nobody counted.
TableRows EstimateRows(const Relation& relation);

// ShareOf says what share of rows `hits` of a sample of `rows` stand for, with 95 % confidence
// (Wilson's score interval). Rows that lie together are alike, so that four count as one.
Range ShareOf(uint64_t hits, uint64_t rows);

TableEstimate EstimateTable(const LeafPlan& leaf, const LeafSample& sample,
                            const ServerSettings& settings, uint32_t batch_rows);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_PLAN_ESTIMATE_H_
